/** The keys that data keys are wrapped under: the current one and, while it is being replaced, the one before it. */
import { createHash } from 'node:crypto';
import { KEY_BYTES, open, seal } from './seal.ts';
import type { Place } from './seal.ts';

/** A data key as it is stored. */
export interface WrappedKey {
  readonly masterKeyId: string;
  readonly wrapped: Uint8Array;
}

/** A data key is wrapped under a master key that was not given. */
export class UnknownMasterKeyError extends Error {
  override readonly name = 'UnknownMasterKeyError';
}

const ID_CHARACTERS = 16;

export class MasterKeys {
  /** Of the key that new data keys are wrapped under. */
  readonly currentId: string;
  readonly #keys: ReadonlyMap<string, Uint8Array>;

  /** @throws {RangeError} when a key has not 32 bytes. */
  constructor(current: Uint8Array, ...older: readonly Uint8Array[]) {
    for (const key of [current, ...older]) {
      if (key.length !== KEY_BYTES) throw new RangeError(`a master key has ${KEY_BYTES} bytes`);
    }
    this.currentId = idOf(current);
    this.#keys = new Map([current, ...older].map((key) => [idOf(key), key]));
  }

  get ids(): string[] {
    return [...this.#keys.keys()];
  }

  wrap(dataKey: Uint8Array, place: Place): WrappedKey {
    const key = this.#keys.get(this.currentId) as Uint8Array;
    return { masterKeyId: this.currentId, wrapped: seal(key, dataKey, place) };
  }

  /** @throws {UnknownMasterKeyError} @throws {UnsealError} */
  unwrap({ masterKeyId, wrapped }: WrappedKey, place: Place): Buffer {
    const key = this.#keys.get(masterKeyId);
    if (key === undefined) throw new UnknownMasterKeyError(`the master key ${masterKeyId} was not given`);
    return open(key, wrapped, place);
  }
}

/** Derived, so that nobody has to number keys; of a random key it gives nothing away. */
function idOf(key: Uint8Array): string {
  return createHash('sha256').update('master key id').update(key).digest('hex').slice(0, ID_CHARACTERS);
}
