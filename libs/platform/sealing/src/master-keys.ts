/** The keys that wrap data keys: the current one and, during a rotation, the previous one. */
import { createHash } from 'node:crypto';
import { KEY_BYTES, open, seal } from './seal.ts';
import type { EncryptionContext } from './seal.ts';

/** A data key in its stored form. */
export interface WrappedKey {
  readonly masterKeyId: string;
  readonly wrapped: Uint8Array;
}

/** A data key is wrapped under an unknown master key. */
export class UnknownMasterKeyError extends Error {
  override readonly name = 'UnknownMasterKeyError';
}

const ID_CHARACTERS = 16;

export class MasterKeys {
  /** Id of the key that wraps new data keys. */
  readonly currentId: string;
  readonly #keys: ReadonlyMap<string, Uint8Array>;

  /** @throws {RangeError} when a key is not 32 bytes long. */
  constructor(current: Uint8Array, ...older: readonly Uint8Array[]) {
    for (const key of [current, ...older]) {
      if (key.length !== KEY_BYTES) throw new RangeError(`Expected a master key of ${KEY_BYTES} bytes`);
    }
    this.currentId = idOf(current);
    this.#keys = new Map([current, ...older].map((key) => [idOf(key), key]));
  }

  get ids(): string[] {
    return [...this.#keys.keys()];
  }

  wrap(dataKey: Uint8Array, context: EncryptionContext): WrappedKey {
    const key = this.#keys.get(this.currentId) as Uint8Array;
    return { masterKeyId: this.currentId, wrapped: seal(key, dataKey, context) };
  }

  /** @throws {UnknownMasterKeyError} @throws {UnsealError} */
  unwrap({ masterKeyId, wrapped }: WrappedKey, context: EncryptionContext): Buffer {
    const key = this.#keys.get(masterKeyId);
    if (key === undefined) throw new UnknownMasterKeyError(`Unknown master key '${masterKeyId}'`);
    return open(key, wrapped, context);
  }
}

/** Derived from the key, so that keys need no numbering; the hash of a random key reveals nothing. */
function idOf(key: Uint8Array): string {
  return createHash('sha256').update('master key id').update(key).digest('hex').slice(0, ID_CHARACTERS);
}
