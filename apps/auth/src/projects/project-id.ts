import { randomInt } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const LENGTH = 10;

/** Generates a public id, such as `proj_7QK2M9XZ4B`. */
export function generateProjectId(): string {
  const random = Array.from({ length: LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
  return `proj_${random}`;
}
