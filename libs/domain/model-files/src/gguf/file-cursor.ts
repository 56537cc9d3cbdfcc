/** Reads the numbers and texts at the beginning of a file in order, through a window that is fetched as needed. Little endian. */
import { isUtf8 } from 'node:buffer';
import { readRange } from '../files/model-file.ts';
import type { ModelFile } from '../files/model-file.ts';
import { ensureModel } from '../files/rejection.ts';

const WINDOW_BYTES = 1_024 * 1_024;

export class FileCursor {
  readonly #file: ModelFile;
  readonly #end: number;
  #window: Buffer = Buffer.alloc(0);
  /** Of the window, in the file. */
  #windowStart = 0;
  /** In the window; behind it after a skip. */
  #at = 0;

  /** @param bytesMax nothing behind this position is read. */
  constructor(file: ModelFile, bytesMax: number) {
    this.#file = file;
    this.#end = Math.min(file.size, bytesMax);
  }

  /** In the file. */
  get position(): number {
    return this.#windowStart + this.#at;
  }

  /** Whether this many bytes can be read without `load`. */
  has(length: number): boolean {
    return this.#at + length <= this.#window.length;
  }

  /** Makes the next bytes readable, of which there are at most 1 MiB. @throws {ModelRejection} when the header ends before. */
  async load(length: number): Promise<void> {
    if (this.has(length)) return;
    const start = this.position;
    this.#ensureLength(length);
    this.#window = await readRange(this.#file, { start, end: Math.min(this.#end, start + WINDOW_BYTES) });
    this.#windowStart = start;
    this.#at = 0;
  }

  skip(length: number): void {
    this.#ensureLength(length);
    this.#at += length;
  }

  async u8(): Promise<number> {
    await this.load(1);
    return this.#window.readUInt8(this.#advance(1));
  }

  async u32(): Promise<number> {
    await this.load(4);
    return this.#window.readUInt32LE(this.#advance(4));
  }

  /** A 64-bit length, count or offset. @throws {ModelRejection} when it is larger than a number can be exactly. */
  async size(): Promise<number> {
    await this.load(8);
    return this.loadedSize();
  }

  /** `size` of what is loaded. */
  loadedSize(): number {
    const value = this.#window.readBigUInt64LE(this.#advance(8));
    ensureModel(value <= Number.MAX_SAFE_INTEGER, 'a size in its header is too large');
    return Number(value);
  }

  /** A copy of the next bytes. */
  async bytes(length: number): Promise<Buffer> {
    await this.load(length);
    const at = this.#advance(length);
    return Buffer.from(this.#window.subarray(at, at + length));
  }

  async text(length: number): Promise<string> {
    const bytes = await this.bytes(length);
    ensureModel(isUtf8(bytes), 'a text in its header is not UTF-8');
    return bytes.toString();
  }

  #ensureLength(length: number): void {
    ensureModel(this.position + length <= this.#end, 'its header does not fit into it, or is too large');
  }

  #advance(length: number): number {
    this.#at += length;
    return this.#at - length;
  }
}
