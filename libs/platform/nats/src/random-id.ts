/** Random ids in bulk: one call of the system's generator for many ids. */
import { randomFillSync } from 'node:crypto';

const ID_BYTES = 6;
const pool = Buffer.allocUnsafe(ID_BYTES * 512);
let at = pool.length;

/** 48 random bits as an integer: what nobody guesses, and a double holds exactly. */
export function randomId48(): number {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  const id = pool.readUIntBE(at, ID_BYTES);
  at += ID_BYTES;
  return id;
}
