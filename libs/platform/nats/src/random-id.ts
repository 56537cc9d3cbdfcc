/** Random ids in bulk: one call of the system's random number generator for many ids. */
import { randomFillSync } from 'node:crypto';

const ID_BYTES = 6;
const pool = Buffer.allocUnsafe(ID_BYTES * 512);
let at = pool.length;

/** Returns 48 random bits as an integer: not guessable, and exact as a double. */
export function randomId48(): number {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  const id = pool.readUIntBE(at, ID_BYTES);
  at += ID_BYTES;
  return id;
}
