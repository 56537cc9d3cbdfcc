/**
 * Signs the heads of audit logs. The key pair is derived from the master key of the service, so that there is no second secret to
 * keep; who has the public key can verify an exported log without it.
 */
import { createPrivateKey, createPublicKey, hkdfSync, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export interface Head {
  readonly projectId: string;
  readonly sequence: number;
  readonly hash: Uint8Array;
}

/** The header of an Ed25519 private key in PKCS #8 (RFC 8410); the 32 bytes of the seed follow. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

export class HeadSigner {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;

  /** @param masterKey of 32 bytes. */
  constructor(masterKey: Uint8Array) {
    const seed = Buffer.from(hkdfSync('sha256', masterKey, '', 'xerotier audit heads', 32));
    this.#privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
    this.#publicKey = createPublicKey(this.#privateKey);
  }

  /** In PEM. */
  get publicKey(): string {
    return this.#publicKey.export({ format: 'pem', type: 'spki' }).toString();
  }

  sign(head: Head): Buffer {
    return sign(null, messageOf(head), this.#privateKey);
  }

  verify(head: Head, signature: Uint8Array): boolean {
    return verify(null, messageOf(head), this.#publicKey, signature);
  }
}

function messageOf({ projectId, sequence, hash }: Head): Buffer {
  return Buffer.from(JSON.stringify(['xerotier audit head', projectId, sequence, Buffer.from(hash).toString('hex')]));
}
