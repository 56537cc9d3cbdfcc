/** What is used of the head of a response. */
export interface ResponseHead {
  readonly status: number;
  /** Length of the body. */
  readonly bytes: number;
}

const STATUS = /^HTTP\/1\.1 ([2-5]\d\d)(?: [^\r\n]*)?$/;
const LENGTH = /^content-length:[ \t]*(\d{1,15})[ \t]*$/i;
const ENCODING = /^transfer-encoding:/i;

/**
 * Parses the head of a response of the files service, without the empty line at its end. Others are not expected: a response without
 * exactly one length, or in chunks, is an error.
 * @throws {Error}
 */
export function parseHead(text: string): ResponseHead {
  const [first = '', ...lines] = text.split('\r\n');
  const status = STATUS.exec(first)?.[1];
  const lengths = lines.flatMap((line) => LENGTH.exec(line)?.[1] ?? []);
  if (status === undefined || lengths.length !== 1 || lines.some((line) => ENCODING.test(line)))
    throw new Error('The response has no valid head');
  return { status: Number(status), bytes: Number(lengths[0]) };
}
