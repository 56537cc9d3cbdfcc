/** MODEL_CARD.md: prose, with two tables that programs write between marks. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export type CardPart = 'files' | 'evaluation';

export const modelCardPath = fileURLToPath(new URL('../MODEL_CARD.md', import.meta.url));

const WRITERS: Readonly<Record<CardPart, string>> = { files: 'src/write-card.ts', evaluation: 'src/evaluate.ts' };

/** What stands between the marks of a part. @throws an Error when the card does not have them. */
export function cardPart(card: string, part: CardPart): string {
  const [begin, end] = placeOf(card, part);
  return card.slice(begin, end).trim();
}

/** The card with another text between the marks of a part. @throws an Error when the card does not have them. */
export function withCardPart(card: string, part: CardPart, text: string): string {
  const [begin, end] = placeOf(card, part);
  return `${card.slice(0, begin)}\n\n${text}\n\n${card.slice(end)}`;
}

export async function writeIntoCard(part: CardPart, text: string): Promise<void> {
  await writeFile(modelCardPath, withCardPart(await readFile(modelCardPath, 'utf8'), part, text));
}

function placeOf(card: string, part: CardPart): [begin: number, end: number] {
  const opening = `<!-- ${part}: begin (written by ${WRITERS[part]}) -->`;
  const closing = `<!-- ${part}: end -->`;
  const [begin, end] = [card.indexOf(opening), card.indexOf(closing)];
  if (begin < 0 || end < begin) throw new Error(`The model card has no place for this: "${opening}" and "${closing}".`);
  return [begin + opening.length, end];
}
