/** Vectors without a model: the hash of each word selects its dimension. */
import { createHash } from 'node:crypto';
import { normalized } from '../embedding-rules.ts';

export const VECTOR_DIMENSIONS = 64;
/** Token ids below this number are valid and count as words. */
export const VOCABULARY_TOKENS = 100_000;

/** Tokenizes a text for the scripted engine. */
export function wordsIn(text: string): string[] {
  return text.match(/\S+/g) ?? [];
}

/** Returns a deterministic vector of length 1; the first unit vector for no words. */
export function wordVector(words: readonly string[]): Float32Array {
  const vector = new Array<number>(VECTOR_DIMENSIONS).fill(0);
  for (const word of words) {
    const hash = createHash('sha256').update(word.toLowerCase()).digest();
    const dimension = (hash[0] ?? 0) % VECTOR_DIMENSIONS;
    vector[dimension] = (vector[dimension] ?? 0) + ((hash[1] ?? 0) % 2 === 0 ? 1 : -1);
  }
  if (!vector.some((value) => value !== 0)) vector[0] = 1;
  return normalized(vector);
}
