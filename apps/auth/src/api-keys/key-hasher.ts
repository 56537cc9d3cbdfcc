import { createHmac } from 'node:crypto';

/**
 * What is stored of a key: HMAC-SHA-256 of its SHA-256 under the pepper. A fast function is right here, because a key
 * holds 256 random bits; the pepper makes a copy of the table useless even for trying keys that leaked elsewhere.
 * Finding a row by this value gives nothing away through its timing, as nobody without the pepper can choose the value.
 */
export class KeyHasher {
  readonly #pepper: string;

  constructor(pepper: string) {
    this.#pepper = pepper;
  }

  /** @param keyHash SHA-256 of the key in hex, as it crosses the bus. */
  hash(keyHash: string): Buffer {
    return createHmac('sha256', this.#pepper).update(keyHash).digest();
  }
}
