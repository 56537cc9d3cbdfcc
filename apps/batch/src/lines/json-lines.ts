/** Lines of a JSONL file, as it arrives, with their place in the file. */

export interface RawLine {
  /** From 1; empty lines count. */
  readonly number: number;
  /** First byte in the file. */
  readonly start: number;
  /** Behind its line break, if it has one. */
  readonly end: number;
  /** Without its line break. */
  readonly bytes: Buffer;
}

/** A line is longer than the maximum. */
export class LineTooLongError extends Error {
  override readonly name = 'LineTooLongError';

  constructor(readonly line: number) {
    super(`Line ${line} is too long`);
  }
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

export interface JsonLinesOptions {
  /** Maximum length of a line in bytes. */
  readonly bytesMax: number;
  /** Where the content begins in the file. Default: its beginning. */
  readonly start?: number;
  readonly firstLine?: number;
}

/**
 * Splits content into lines. Lines of white space alone are skipped, and a byte order mark at the beginning of the file.
 * @throws {LineTooLongError}
 */
export async function* jsonLines(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { bytesMax, start = 0, firstLine = 1 }: JsonLinesOptions,
): AsyncGenerator<RawLine, void, undefined> {
  let number = firstLine;
  let at = start;
  let pieces: Buffer[] = [];
  let length = 0;
  const line = (hasBreak: boolean): RawLine | undefined => {
    let bytes = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
    const raw = { number, start: at, end: at + length + (hasBreak ? 1 : 0) };
    at = raw.end;
    number += 1;
    pieces = [];
    length = 0;
    if (bytes.at(-1) === RETURN) bytes = bytes.subarray(0, -1);
    if (raw.start === 0 && bytes.subarray(0, BOM.length).equals(BOM)) bytes = bytes.subarray(BOM.length);
    return isBlank(bytes) ? undefined : { ...raw, bytes };
  };
  for await (const chunk of content) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (;;) {
      const end = rest.indexOf(NEWLINE);
      const piece = end === -1 ? rest : rest.subarray(0, end);
      if (length + piece.length > bytesMax) throw new LineTooLongError(number);
      if (piece.length > 0) pieces.push(piece);
      length += piece.length;
      if (end === -1) break;
      const found = line(true);
      if (found !== undefined) yield found;
      rest = rest.subarray(end + 1);
    }
  }
  const last = length === 0 ? undefined : line(false);
  if (last !== undefined) yield last;
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === RETURN);
}
