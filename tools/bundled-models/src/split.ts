/** Which names, numbers and places are kept out of the training text. A value's own letters decide, so nothing is listed twice. */

export type Split = 'train' | 'held-out';

/** One value in this many is held out. */
const HELD_OUT_ONE_IN = 7;

/** The FNV-1a hash, mixed once more because its last bits alone are not evenly spread. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value ^= value >>> 15;
  return Math.imul(value, 0x2c1b3c6d) >>> 3;
}

export function splitOf(value: string): Split {
  return hash(value.toLowerCase()) % HELD_OUT_ONE_IN === 0 ? 'held-out' : 'train';
}

export function partOf<T>(values: readonly T[], split: Split, key: (value: T) => string = String): T[] {
  return values.filter((value) => splitOf(key(value)) === split);
}
