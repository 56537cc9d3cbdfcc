/**
 * Writes the sentence pairs for xero-embed into a folder: `pairs.jsonl` and `held-out-pairs.jsonl`. The first sentence
 * of a held-out pair is never in the training text.
 *
 * Usage: generate-pairs.ts FOLDER [PAIRS] [HELD-OUT-PAIRS]
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SEED } from './corpus.ts';
import { aPair } from './paraphrases/paraphrases.ts';
import type { Pair } from './paraphrases/paraphrases.ts';
import { Random } from './random.ts';

const [folder, pairs = '150000', heldOutPairs = '1000'] = process.argv.slice(2);
if (folder === undefined) throw new Error('Usage: generate-pairs.ts FOLDER [PAIRS] [HELD-OUT-PAIRS]');
await mkdir(folder, { recursive: true });

const random = new Random(SEED + 1_000);
const train = Array.from({ length: Number(pairs) }, () => aPair(random, 'train'));
const known = new Set(train.flatMap(({ texts }) => texts.map(plain)));

const heldOut = new Map<string, Pair>();
const other = new Random(SEED + 1_001);
while (heldOut.size < Number(heldOutPairs)) {
  const pair = aPair(other, 'held-out');
  // Two frames can meet in one sentence; such a one is no test.
  if (known.has(plain(pair.texts[0])) || plain(pair.texts[0]) === plain(pair.texts[1])) continue;
  heldOut.set(pair.texts.join('\n'), pair);
}

await write('pairs.jsonl', train);
await write('held-out-pairs.jsonl', [...heldOut.values()]);
console.log(`${train.length} pairs, ${heldOut.size} held-out pairs, none of them in the text.`);

/** Without capitals and marks, which do not make another sentence. */
function plain(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N} ]/gu, '');
}

async function write(name: string, rows: readonly Pair[]): Promise<void> {
  await writeFile(join(folder as string, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}
