/** Random hexadecimal digits in bulk: one call of the system's random number generator for many ids. */
import { randomFillSync } from 'node:crypto';

const pool = Buffer.allocUnsafe(8_192);
let at = pool.length;

/** Returns `bytes` random bytes as lower-case hexadecimal digits. At most 64 bytes. */
export function randomHex(bytes: number): string {
  if (at + bytes > pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  at += bytes;
  return pool.toString('hex', at - bytes, at);
}
