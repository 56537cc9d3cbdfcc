import { createHash, randomInt } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const LENGTH = 10;

/** Generates a public id, such as `proj_7QK2M9XZ4B`. */
export function generateProjectId(): string {
  const random = Array.from({ length: LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
  return `proj_${random}`;
}

/** Returns the same id for the same account and idempotency key, so that a repeated request finds the project of the first one. */
export function projectIdFor(accountId: string, idempotencyKey: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([accountId, idempotencyKey]))
    .digest('hex');
  let rest = BigInt(`0x${digest}`);
  let text = '';
  for (let i = 0; i < LENGTH; i++) {
    text += ALPHABET.charAt(Number(rest % BigInt(ALPHABET.length)));
    rest /= BigInt(ALPHABET.length);
  }
  return `proj_${text}`;
}
