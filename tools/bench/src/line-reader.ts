/**
 * Cuts a byte stream into lines, wherever the stream is broken into chunks. Lines end with LF or CR LF. What is
 * left of a chunk is copied, because the connections of the load generator share one read buffer.
 */
export class LineReader {
  /** The last complete line, without its end. */
  line = '';
  readonly #encoding: 'latin1' | 'utf8';
  readonly #bytesMax: number;
  #held: Buffer = Buffer.alloc(0);

  constructor(encoding: 'latin1' | 'utf8', bytesMax: number) {
    this.#encoding = encoding;
    this.#bytesMax = bytesMax;
  }

  /** Bytes of an unfinished line. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /**
   * Reads up to the next line end at or behind `offset`. Returns the offset behind it, with the line in `line`, or
   * -1 when the chunk ends first; the rest is then held for the next chunk. Throws when a line passes the limit.
   */
  read(chunk: Buffer, offset: number): number {
    const lineEnd = chunk.indexOf(0x0a, offset);
    if (lineEnd === -1) {
      if (this.#held.length + chunk.length - offset > this.#bytesMax) {
        throw new Error(`A line is longer than ${this.#bytesMax} bytes.`);
      }
      this.#held = Buffer.concat([this.#held, chunk.subarray(offset)]);
      return -1;
    }
    if (this.#held.length === 0) {
      this.line = chunk.toString(this.#encoding, offset, trimReturn(chunk, offset, lineEnd));
    } else {
      const whole = Buffer.concat([this.#held, chunk.subarray(offset, lineEnd)]);
      this.#held = Buffer.alloc(0);
      this.line = whole.toString(this.#encoding, 0, trimReturn(whole, 0, whole.length));
    }
    return lineEnd + 1;
  }
}

function trimReturn(bytes: Buffer, start: number, end: number): number {
  return end > start && bytes[end - 1] === 0x0d ? end - 1 : end;
}
