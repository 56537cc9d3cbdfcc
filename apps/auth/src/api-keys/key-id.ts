import { randomBytes } from 'node:crypto';

/** Generates the id of a new key. It is not secret, and not derived from the key. */
export function generateKeyId(): string {
  return `key_${randomBytes(12).toString('hex')}`;
}
