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
  /** Of the previous master key: a head is signed anew with the next change of its project. */
  readonly #previousPublicKey: KeyObject | undefined;

  /** @param masterKey of 32 bytes. @param previousMasterKey during a rotation. */
  constructor(masterKey: Uint8Array, previousMasterKey?: Uint8Array) {
    this.#privateKey = privateKeyOf(masterKey);
    this.#publicKey = createPublicKey(this.#privateKey);
    if (previousMasterKey !== undefined) this.#previousPublicKey = createPublicKey(privateKeyOf(previousMasterKey));
  }

  /** In PEM. */
  get publicKey(): string {
    return this.#publicKey.export({ format: 'pem', type: 'spki' }).toString();
  }

  sign(head: Head): Buffer {
    return sign(null, messageOf(head), this.#privateKey);
  }

  /** Whether a head is signed with the current key. */
  isCurrent(head: Head, signature: Uint8Array): boolean {
    return verify(null, messageOf(head), this.#publicKey, signature);
  }

  verify(head: Head, signature: Uint8Array): boolean {
    const message = messageOf(head);
    const previous = this.#previousPublicKey;
    return (
      verify(null, message, this.#publicKey, signature) ||
      (previous !== undefined && verify(null, message, previous, signature))
    );
  }
}

/** Whether a head is signed with this key, in PEM. */
export function isSignedWith(publicKey: string, head: Head, signature: Uint8Array): boolean {
  return verify(null, messageOf(head), createPublicKey(publicKey), signature);
}

function privateKeyOf(masterKey: Uint8Array): KeyObject {
  const seed = Buffer.from(hkdfSync('sha256', masterKey, '', 'xerotier audit heads', 32));
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
}

function messageOf({ projectId, sequence, hash }: Head): Buffer {
  return Buffer.from(JSON.stringify(['xerotier audit head', projectId, sequence, Buffer.from(hash).toString('hex')]));
}
