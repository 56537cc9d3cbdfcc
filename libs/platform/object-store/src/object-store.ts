/** Bytes by key: what a folder and an S3 bucket have in common. */

/** Bytes of an object. */
export interface ByteRange {
  readonly start: number;
  /** Excluded. */
  readonly end: number;
}

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly writtenAt: Date;
}

/**
 * Keys are segments of letters, digits, `_` and `-`, separated by `/`, of at most 512 characters: a `RangeError` for any other. No key
 * is the beginning of another one, as `a` would be of `a/b`: a folder is not a file.
 * Every method throws an AppError `store.unavailable` when the store cannot be reached, is full, or fails.
 */
export interface ObjectStore {
  /**
   * Stores content as it comes, with backpressure. Once it resolves, the object survives a power failure; before, and when the
   * content fails, there is no object, or still the previous one of that key. (Only if it throws `store.unavailable`, the object may
   * be there, as a whole: the response may have been lost.)
   * @param content its chunks belong to the store, which may free their memory.
   * @returns the length in bytes. @throws what the content throws.
   */
  write(key: string, content: AsyncIterable<Uint8Array>): Promise<number>;
  /**
   * Reads an object, or a range of it, as fast as it is consumed. A range ends with the object. The chunks belong to the reader.
   * @throws {ObjectNotFoundError}
   */
  read(key: string, range?: ByteRange): AsyncIterable<Uint8Array>;
  /** The length in bytes; undefined when there is no such object. */
  size(key: string): Promise<number | undefined>;
  /** Does nothing when there is no such object. */
  remove(key: string): Promise<void>;
  /** All objects whose key begins with the prefix, which is empty or ends with `/`, in no order. */
  list(prefix?: string): AsyncIterable<StoredObject>;
  /**
   * Removes what killed processes have not finished writing, and returns how many objects these were.
   * @param olderThan what was written to later may still be in progress.
   */
  removeUnfinished(olderThan: Date): Promise<number>;
}

export class ObjectNotFoundError extends Error {
  override readonly name = 'ObjectNotFoundError';

  constructor(key: string, options?: ErrorOptions) {
    super(`There is no object '${key}'`, options);
  }
}

const KEY_LENGTH_MAX = 512;
const KEY = /^[\w-]+(?:\/[\w-]+)*$/;

export function isKey(text: string): boolean {
  return text.length <= KEY_LENGTH_MAX && KEY.test(text);
}

/** @throws {RangeError} unless it is a key. */
export function assertKey(key: string): void {
  if (!isKey(key)) throw new RangeError(`Invalid key ${JSON.stringify(key)}`);
}

/** @throws {RangeError} unless it is empty, or a key and `/`. */
export function assertPrefix(prefix: string): void {
  if (prefix === '') return;
  if (!prefix.endsWith('/')) throw new RangeError(`The prefix ${JSON.stringify(prefix)} does not end with '/'`);
  assertKey(prefix.slice(0, -1));
}
