/**
 * Splits a byte stream into lines, however it is chunked. Lines end with LF or CR LF. The rest of a chunk is copied,
 * because the connections of the load generator share one read buffer.
 */
export class LineReader {
  /** The last complete line, without its line break. */
  line = '';
  readonly #encoding: 'latin1' | 'utf8';
  readonly #bytesMax: number;
  #buffered: Buffer = Buffer.alloc(0);

  constructor(encoding: 'latin1' | 'utf8', bytesMax: number) {
    this.#encoding = encoding;
    this.#bytesMax = bytesMax;
  }

  /** Number of bytes of an unfinished line. */
  get bufferedBytes(): number {
    return this.#buffered.length;
  }

  /**
   * Reads up to the next line break at or after `offset`. Returns the offset after it, with the line in `line`, or -1
   * when the chunk ends first; the rest is then kept for the next chunk. Throws when a line exceeds the limit.
   */
  read(chunk: Buffer, offset: number): number {
    const lineEnd = chunk.indexOf(0x0a, offset);
    if (lineEnd === -1) {
      if (this.#buffered.length + chunk.length - offset > this.#bytesMax) {
        throw new Error(`A line is longer than ${this.#bytesMax} bytes.`);
      }
      this.#buffered = Buffer.concat([this.#buffered, chunk.subarray(offset)]);
      return -1;
    }
    if (this.#buffered.length === 0) {
      this.line = chunk.toString(this.#encoding, offset, trimReturn(chunk, offset, lineEnd));
    } else {
      const whole = Buffer.concat([this.#buffered, chunk.subarray(offset, lineEnd)]);
      this.#buffered = Buffer.alloc(0);
      this.line = whole.toString(this.#encoding, 0, trimReturn(whole, 0, whole.length));
    }
    return lineEnd + 1;
  }
}

function trimReturn(bytes: Buffer, start: number, end: number): number {
  return end > start && bytes[end - 1] === 0x0d ? end - 1 : end;
}
