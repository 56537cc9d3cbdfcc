import { randomInt } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Returns uniformly distributed characters of a cryptographically secure generator: 5.95 bits each. */
export function randomBase62(length: number): string {
  return Array.from({ length }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
}

/** Returns a non-negative integer in base 62, padded with zeros on the left. */
export function toBase62(value: number, length: number): string {
  let remaining = value;
  let text = '';
  while (remaining > 0) {
    text = ALPHABET.charAt(remaining % ALPHABET.length) + text;
    remaining = Math.floor(remaining / ALPHABET.length);
  }
  return text.padStart(length, '0');
}
