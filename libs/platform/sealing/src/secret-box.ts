import type { MasterKeys } from './master-keys.ts';
import type { EncryptionContext } from './seal.ts';

const KEY_ID_BYTES = 8;

/**
 * Seals small secrets with the master key of the service. The id of the key precedes the sealed bytes, so that values sealed under
 * the previous key open during a rotation.
 */
export class SecretBox {
  readonly #keys: MasterKeys;

  constructor(keys: MasterKeys) {
    this.#keys = keys;
  }

  /** What sealed values of the current key begin with. */
  get currentKeyId(): Buffer {
    return Buffer.from(this.#keys.currentId, 'hex');
  }

  /** @param context what the secret belongs to; it opens with the same context only. */
  sealJson(value: unknown, context: EncryptionContext): Buffer {
    const { masterKeyId, wrapped } = this.#keys.wrap(Buffer.from(JSON.stringify(value)), context);
    return Buffer.concat([Buffer.from(masterKeyId, 'hex'), wrapped]);
  }

  /** @throws {UnknownMasterKeyError} @throws {UnsealError} */
  openJson(sealed: Uint8Array, context: EncryptionContext): unknown {
    const masterKeyId = Buffer.from(sealed.subarray(0, KEY_ID_BYTES)).toString('hex');
    const opened = this.#keys.unwrap({ masterKeyId, wrapped: sealed.subarray(KEY_ID_BYTES) }, context);
    return JSON.parse(opened.toString('utf8'));
  }
}
