import { createHmac } from 'node:crypto';

/**
 * Computes the stored hash of a key: HMAC-SHA-256 of its SHA-256 under the pepper. A fast function is sufficient,
 * because a key has 256 random bits; the pepper makes a copy of the table useless for testing keys that leaked
 * elsewhere. Looking up a row by this value leaks nothing through timing, because the value cannot be chosen without
 * the pepper.
 */
export class KeyHasher {
  readonly #pepper: string;

  constructor(pepper: string) {
    this.#pepper = pepper;
  }

  /** @param keyHash SHA-256 of the key in hex, as sent over the bus. */
  hash(keyHash: string): Buffer {
    return createHmac('sha256', this.#pepper).update(keyHash).digest();
  }
}
