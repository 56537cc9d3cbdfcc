/** Sealed data: a version byte, a nonce, the ciphertext and the tag. */
import { createCipheriv, createDecipheriv, createSecretKey, KeyObject, randomBytes } from 'node:crypto';
import { pooledRandomBytes } from '@xerotier/random';

/** What the data belongs to, from the general to the particular. It opens with the same context only. */
export type EncryptionContext = readonly string[];

/**
 * The bytes were modified, have another context, or were sealed under another key: these cases are indistinguishable.
 */
export class UnsealError extends Error {
  override readonly name = 'UnsealError';
}

const CIPHER = 'aes-256-gcm';
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES;
export const KEY_BYTES = 32;
/** How much sealing adds to the length. */
const OVERHEAD_BYTES = HEAD_BYTES + TAG_BYTES;

export function newDataKey(): Buffer {
  return randomBytes(KEY_BYTES);
}

/** Encrypts under a key of 32 bytes. Sealing the same content twice returns different bytes. */
export function seal(key: Uint8Array | KeyObject, content: Uint8Array | string, context: EncryptionContext): Buffer {
  const nonce = pooledRandomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keyObject(key), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(context));
  const encrypted = typeof content === 'string' ? cipher.update(content, 'utf8') : cipher.update(content);
  return Buffer.concat([Uint8Array.of(VERSION), nonce, encrypted, cipher.final(), cipher.getAuthTag()]);
}

/** @throws {UnsealError} unless exactly these bytes were sealed under this key with this context. */
export function open(key: Uint8Array | KeyObject, sealed: Uint8Array, context: EncryptionContext): Buffer {
  if (sealed.length < OVERHEAD_BYTES || sealed[0] !== VERSION) throw new UnsealError('Not sealed data');
  const decipher = createDecipheriv(CIPHER, keyObject(key), sealed.subarray(1, HEAD_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(associatedData(context));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const opened = decipher.update(sealed.subarray(HEAD_BYTES, -TAG_BYTES));
  try {
    // It has no bytes in this mode, and verifies the tag.
    decipher.final();
    return opened;
  } catch (cause) {
    throw new UnsealError('Sealed data was modified, or has another context or key', { cause });
  }
}

/** Node.js takes three times as long for a cipher whose key is a buffer. */
function keyObject(key: Uint8Array | KeyObject): KeyObject {
  return key instanceof KeyObject ? key : createSecretKey(key);
}

/** JSON, because it is unambiguous: with a separator, ['a', 'b-c'] could equal ['a-b', 'c']. */
export function associatedData(context: EncryptionContext): Buffer {
  return Buffer.from(JSON.stringify([VERSION, ...context]));
}
