import { randomBytes } from 'node:crypto';

const POOL_BYTES = 8_192;
const ID_BYTES = 6;

let pool = Buffer.alloc(0);
let at = 0;

/** Returns where in the pool the bytes begin. None is used twice. */
function take(bytes: number): number {
  if (pool.length - at < bytes) {
    // A new one, since views of the previous one may be in use.
    pool = randomBytes(Math.max(POOL_BYTES, bytes));
    at = 0;
  }
  const start = at;
  at += bytes;
  return start;
}

/** Returns bytes that are not guessable, and that nobody else gets. */
export function pooledRandomBytes(bytes: number): Buffer {
  const start = take(bytes);
  return pool.subarray(start, start + bytes);
}

/** Returns bytes that are not guessable as hexadecimal digits, two for each. */
export function randomHex(bytes: number): string {
  const start = take(bytes);
  return pool.toString('hex', start, start + bytes);
}

/** Returns 48 random bits as an integer: not guessable, and exact as a double. */
export function randomId48(): number {
  const start = take(ID_BYTES);
  return pool.readUIntBE(start, ID_BYTES);
}
