import { createHash, randomBytes } from 'node:crypto';
import { Secret } from 'otpauth';

/** 16 characters in base32: too many to guess, so that their hash needs neither salt nor pepper. */
const CODE_BYTES = 10;
const GROUP = /.{4}(?=.)/g;

/** Returns a code for a person to write down, such as `mzxw-6ytb-oi7d-k3qa`. */
export function newRecoveryCode(): string {
  const { base32 } = new Secret({ buffer: Uint8Array.from(randomBytes(CODE_BYTES)).buffer });
  return base32.toLowerCase().replaceAll(GROUP, '$&-');
}

/** SHA-256 of a code as it was typed, for this account. Spaces, hyphens and case do not matter. */
export function recoveryCodeHash(accountId: string, typed: string): Buffer {
  const code = typed.replaceAll(/[\s-]/g, '').toLowerCase();
  return createHash('sha256').update(`${accountId} ${code}`).digest();
}
