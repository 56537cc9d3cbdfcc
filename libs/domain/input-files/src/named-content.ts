/** The bytes of a file, and what is known of them beside. */
export interface NamedContent {
  readonly name: string;
  readonly bytes: Buffer;
  /** Media type that a server has given, in lower case and without parameters. */
  readonly mediaType?: string | undefined;
  readonly charset?: string | undefined;
}

/** Maximum size of a file whose text models are shown. */
export const FILE_BYTES_MAX = 32 * 1_024 ** 2;

const NAME_LENGTH_MAX = 256;

/** A name in one line: what a client has written, and what models read before the text. */
export function shownName(name: string): string {
  const line = name
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim();
  return line === '' ? 'file' : line.slice(0, NAME_LENGTH_MAX);
}
