/** A file of a model as the checks see it: untrusted bytes that are read in ranges, because weights do not fit into memory. */

export interface ByteRange {
  readonly start: number;
  /** Excluded. */
  readonly end: number;
}

export interface ModelFile {
  /** Without folders. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** Yields the bytes of a range within the file, in pieces of any length. */
  read(range: ByteRange): AsyncIterable<Uint8Array>;
}

/** Reads a range into memory; the caller bounds its length. */
export async function readRange(file: ModelFile, { start, end }: ByteRange): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(end - start);
  let at = 0;
  for await (const piece of file.read({ start, end })) {
    if (at + piece.length > bytes.length) break;
    bytes.set(piece, at);
    at += piece.length;
  }
  if (at !== bytes.length) throw new Error(`The store returned other than the ${bytes.length} bytes of a range.`);
  return bytes;
}
