const NEWLINE = 0x0a;

/** Where a reader of lines is: how many lines of the whole it has read, and how many bytes of the next one. */
export class LineCursor {
  #line: number;
  #byte = 0;
  readonly #end: number;

  /** @param after lines that are skipped. */
  constructor(after: number, limit: number) {
    this.#line = after;
    this.#end = after + limit;
  }

  get line(): number {
    return this.#line;
  }

  get byte(): number {
    return this.#byte;
  }

  get isAtLimit(): boolean {
    return this.#line >= this.#end;
  }

  /** Returns what may be read of content that begins at the cursor: up to the end of the last line. */
  take(content: Buffer): Buffer {
    let at = 0;
    while (!this.isAtLimit) {
      const end = content.indexOf(NEWLINE, at);
      if (end === -1) {
        this.#byte += content.length - at;
        return content;
      }
      this.#line += 1;
      this.#byte = 0;
      at = end + 1;
    }
    return content.subarray(0, at);
  }
}

/** Skips the lines and bytes of a file that were read before, from other sources. */
export class SkippedLines {
  #lines: number;
  #bytes: number;

  constructor({ line, byte }: Pick<LineCursor, 'line' | 'byte'>) {
    this.#lines = line;
    this.#bytes = byte;
  }

  /** Returns what is left of the next piece of the file. */
  restOf(piece: Buffer): Buffer {
    let at = 0;
    for (; this.#lines > 0; this.#lines -= 1) {
      const end = piece.indexOf(NEWLINE, at);
      if (end === -1) return piece.subarray(piece.length);
      at = end + 1;
    }
    const bytes = Math.min(this.#bytes, piece.length - at);
    this.#bytes -= bytes;
    return piece.subarray(at + bytes);
  }
}
