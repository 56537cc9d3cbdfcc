import { freeBuffer } from '@xerotier/buffers';

/** What takes a piece further costs about as much for a small one. */
const PIECE_BYTES = 256 * 1_024;

/** Collects bytes into pieces of 256 KiB, each in memory of its own. */
export class Pieces {
  #memory = Buffer.alloc(0);
  #length = 0;
  #expected: number;

  /** @param bytes that will be added, if that is known. */
  constructor(bytes = Number.POSITIVE_INFINITY) {
    this.#expected = bytes;
  }

  /** Copies bytes, and yields each piece that is full. */
  *add(bytes: Uint8Array): Generator<Buffer, void, undefined> {
    for (let at = 0; at < bytes.length;) {
      if (this.#memory.length === 0) this.#memory = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, this.#expected));
      const taken = bytes.subarray(at, at + this.#memory.length - this.#length);
      this.#memory.set(taken, this.#length);
      this.#length += taken.length;
      this.#expected -= taken.length;
      at += taken.length;
      if (this.#length === this.#memory.length) yield this.#take();
    }
  }

  /** Yields the last piece, unless it was full. */
  *end(): Generator<Buffer, void, undefined> {
    if (this.#length === 0) return;
    const last = Buffer.allocUnsafeSlow(this.#length);
    last.set(this.#memory.subarray(0, this.#length));
    freeBuffer(this.#take());
    yield last;
  }

  #take(): Buffer {
    const taken = this.#memory;
    this.#memory = Buffer.alloc(0);
    this.#length = 0;
    return taken;
  }
}
