/** The key-value pairs of a GGUF header. All are walked through; single values and short lists of numbers are kept. */
import { ensureModel, shown } from '../files/rejection.ts';
import type { FileCursor } from './file-cursor.ts';

export type GgufScalar = number | bigint | boolean | string;
export type GgufValue = GgufScalar | readonly GgufScalar[];

const KEY_BYTES_MAX = 256;
/** A whole tokenizer.json may be one text. */
const TEXT_BYTES_MAX = 64 * 1_024 * 1_024;
/** Longer ones than this are skipped, apart from chat templates. */
const KEPT_BYTES_MAX = 4_096;
const TEMPLATE_BYTES_MAX = 64 * 1_024;
/** In all lists together. The largest vocabularies have 300,000 tokens, in three lists, and as many merges. */
const ITEMS_MAX = 16_000_000;
/** Longer lists are skipped: what differs between layers has an item for each. */
const KEPT_ITEMS_MAX = 512;
const LIST_DEPTH_MAX = 3;
const PAIRS_MAX = 10_000;
const TEMPLATE_KEY = /^tokenizer\.chat_template(?:\.|$)/;

const BOOL = 7;
const TEXT = 8;
const LIST = 9;

interface NumberType {
  readonly bytes: number;
  readonly read: (bytes: Buffer) => number | bigint;
}

/** Types of a fixed size, by their number. */
const numbers: ReadonlyMap<number, NumberType> = new Map([
  [0, { bytes: 1, read: (bytes) => bytes.readUInt8() }],
  [1, { bytes: 1, read: (bytes) => bytes.readInt8() }],
  [2, { bytes: 2, read: (bytes) => bytes.readUInt16LE() }],
  [3, { bytes: 2, read: (bytes) => bytes.readInt16LE() }],
  [4, { bytes: 4, read: (bytes) => bytes.readUInt32LE() }],
  [5, { bytes: 4, read: (bytes) => bytes.readInt32LE() }],
  [6, { bytes: 4, read: (bytes) => bytes.readFloatLE() }],
  [BOOL, { bytes: 1, read: (bytes) => bytes.readUInt8() }],
  [10, { bytes: 8, read: (bytes) => bytes.readBigUInt64LE() }],
  [11, { bytes: 8, read: (bytes) => bytes.readBigInt64LE() }],
  [12, { bytes: 8, read: (bytes) => bytes.readDoubleLE() }],
]);

/**
 * Returns the values by key, without lists of texts and those of more than 512 items; texts of more than 4 KiB only if they are chat
 * templates.
 * @throws {ModelRejection}
 */
export async function readMetadata(cursor: FileCursor, pairs: number): Promise<ReadonlyMap<string, GgufValue>> {
  ensureModel(pairs <= PAIRS_MAX, `its header has more than ${PAIRS_MAX} key-value pairs`);
  return new MetadataReader(cursor).read(pairs);
}

class MetadataReader {
  readonly #cursor: FileCursor;
  #items = 0;

  constructor(cursor: FileCursor) {
    this.#cursor = cursor;
  }

  async read(pairs: number): Promise<Map<string, GgufValue>> {
    const keys = new Set<string>();
    const values = new Map<string, GgufValue>();
    for (let pair = 0; pair < pairs; pair += 1) {
      const length = await this.#cursor.size();
      ensureModel(length > 0 && length <= KEY_BYTES_MAX, `a key has no, or more than ${KEY_BYTES_MAX} bytes`);
      const key = await this.#cursor.text(length);
      ensureModel(!keys.has(key), () => `the key ${shown(key)} occurs twice`);
      keys.add(key);
      const value = await this.#value(key, await this.#cursor.u32());
      if (value !== undefined) values.set(key, value);
    }
    return values;
  }

  async #value(key: string, type: number): Promise<GgufValue | undefined> {
    if (type === LIST) return this.#list(key, 1);
    if (type === TEXT) return this.#text(key);
    const number = numbers.get(type);
    ensureModel(number !== undefined, () => `the value of ${shown(key)} has the unknown type ${type}`);
    return scalarOf(key, type, number.read(await this.#cursor.bytes(number.bytes)));
  }

  async #text(key: string): Promise<string | undefined> {
    const length = await this.#cursor.size();
    if (TEMPLATE_KEY.test(key)) {
      ensureModel(length <= TEMPLATE_BYTES_MAX, `its chat template has more than ${TEMPLATE_BYTES_MAX} bytes`);
      return this.#cursor.text(length);
    }
    if (length <= KEPT_BYTES_MAX) return this.#cursor.text(length);
    this.#skipText(length);
    return undefined;
  }

  async #list(key: string, depth: number): Promise<readonly GgufScalar[] | undefined> {
    ensureModel(
      depth <= LIST_DEPTH_MAX,
      `its header has lists that are nested more than ${LIST_DEPTH_MAX} levels deep`,
    );
    const type = await this.#cursor.u32();
    const count = await this.#cursor.size();
    this.#items += count;
    ensureModel(this.#items <= ITEMS_MAX, `its header has lists of more than ${ITEMS_MAX} items`);
    if (type === TEXT) {
      for (let item = 0; item < count; item += 1) {
        // A promise for each of a million tokens would take as long as everything else.
        if (!this.#cursor.has(8)) await this.#cursor.load(8);
        this.#skipText(this.#cursor.loadedSize());
      }
    } else if (type === LIST) {
      for (let item = 0; item < count; item += 1) await this.#list(key, depth + 1);
    } else {
      const number = numbers.get(type);
      ensureModel(number !== undefined, `a list in its header has the unknown type ${type}`);
      if (depth === 1 && count <= KEPT_ITEMS_MAX) return this.#numbers(key, { type, count });
      this.#cursor.skip(count * number.bytes);
    }
    return undefined;
  }

  async #numbers(key: string, { type, count }: { type: number; count: number }): Promise<readonly GgufScalar[]> {
    const { bytes: size, read } = numbers.get(type) as NumberType;
    const bytes = await this.#cursor.bytes(count * size);
    return Array.from({ length: count }, (_, item) =>
      scalarOf(key, type, read(bytes.subarray(item * size, (item + 1) * size))),
    );
  }

  #skipText(length: number): void {
    ensureModel(length <= TEXT_BYTES_MAX, `a text in its header has more than ${TEXT_BYTES_MAX} bytes`);
    this.#cursor.skip(length);
  }
}

/** @throws {ModelRejection} */
function scalarOf(key: string, type: number, value: number | bigint): GgufScalar {
  if (type !== BOOL) return value;
  ensureModel(value === 0 || value === 1, () => `the value of ${shown(key)} is neither true nor false`);
  return value === 1;
}
