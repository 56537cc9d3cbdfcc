import { randomBytes } from 'node:crypto';

/** The id of a new key: no secret, and no part of the key. */
export function generateKeyId(): string {
  return `key_${randomBytes(12).toString('hex')}`;
}
