/** The results as a table, and the place of it in the model card. */
import { readFile, writeFile } from 'node:fs/promises';

export interface FamilyResult {
  readonly family: string;
  readonly items: number;
  readonly right: number;
}

const BEGIN = '<!-- evaluation: begin (written by src/evaluate.ts) -->';
const END = '<!-- evaluation: end -->';

export function tableOf(results: readonly FamilyResult[]): string {
  const sum = (of: (result: FamilyResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const all = { family: 'all', items: sum((result) => result.items), right: sum((result) => result.right) };
  const width = Math.max(...results.map(({ family }) => family.length), 'Family'.length);
  const rows = [...results, all].map(({ family, items, right }) => {
    const share = items === 0 ? '-' : `${((right * 100) / items).toFixed(1)} %`;
    return `| ${family.padEnd(width)} | ${String(items).padStart(5)} | ${share.padStart(7)} |`;
  });
  return [
    `| ${'Family'.padEnd(width)} | Items |   Right |`,
    `| ${'-'.repeat(width)} | ----: | ------: |`,
    ...rows,
  ].join('\n');
}

/** Puts `text` between the two marks of the card. @throws an Error when the card does not have them. */
export async function writeIntoCard(path: string, text: string): Promise<void> {
  const card = await readFile(path, 'utf8');
  const [begin, end] = [card.indexOf(BEGIN), card.indexOf(END)];
  if (begin < 0 || end < begin)
    throw new Error(`${path} has no place for the evaluation: it needs "${BEGIN}" and "${END}".`);
  await writeFile(path, `${card.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${card.slice(end)}`);
}
