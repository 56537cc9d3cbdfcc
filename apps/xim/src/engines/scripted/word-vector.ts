/** Vectors without a model: each word counts in one dimension, which its hash chooses. */
import { createHash } from 'node:crypto';
import { normalised } from '../embedding-rules.ts';

export const VECTOR_DIMENSIONS = 64;
/** Token ids below this are words like any other. */
export const VOCABULARY_TOKENS = 100_000;

/** What the scripted engine takes for tokens. */
export function wordsIn(text: string): string[] {
  return text.match(/\S+/g) ?? [];
}

/** Deterministic, of length 1; of no words, the first direction. */
export function wordVector(words: readonly string[]): Float32Array {
  const vector = new Array<number>(VECTOR_DIMENSIONS).fill(0);
  for (const word of words) {
    const hash = createHash('sha256').update(word.toLowerCase()).digest();
    const dimension = (hash[0] ?? 0) % VECTOR_DIMENSIONS;
    vector[dimension] = (vector[dimension] ?? 0) + ((hash[1] ?? 0) % 2 === 0 ? 1 : -1);
  }
  if (!vector.some((value) => value !== 0)) vector[0] = 1;
  return normalised(vector);
}
