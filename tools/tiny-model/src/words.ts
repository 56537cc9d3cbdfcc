import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The words that the model can generate, most likely first. They are short, common and neutral, so that any random sequence
 * of them is harmless.
 */
export const words: readonly string[] = readFileSync(join(import.meta.dirname, 'words.txt'), 'utf8')
  .trim()
  .split(/\s+/)
  .filter((word, index, all) => all.indexOf(word) === index);
