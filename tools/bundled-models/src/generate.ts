/**
 * Writes the training text and the held-out items into a folder: `train.jsonl` with one conversation a line and the
 * pieces that it is rendered to, and `held-out.jsonl`. Held-out prompts that occur in the text would be no test, so the
 * program fails when it finds one.
 *
 * Usage: generate.ts FOLDER [CONVERSATIONS] [ITEMS-PER-FAMILY]
 */
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { trainingPieces } from './chat-template.ts';
import { heldOutItems, promptOf, promptOfConversation, trainingText } from './corpus.ts';

const [folder, conversations = '300000', itemsPerFamily = '200'] = process.argv.slice(2);
if (folder === undefined) throw new Error('Usage: generate.ts FOLDER [CONVERSATIONS] [ITEMS-PER-FAMILY]');
await mkdir(folder, { recursive: true });

const items = heldOutItems(Number(itemsPerFamily));
const heldOut = new Set(items.map(promptOf));
await writeFile(join(folder, 'held-out.jsonl'), items.map((item) => `${JSON.stringify(item)}\n`).join(''));

const file = createWriteStream(join(folder, 'train.jsonl'));
const counts = new Map<string, number>();
for (const conversation of trainingText(Number(conversations))) {
  const prompt = promptOfConversation(conversation);
  if (heldOut.has(prompt)) throw new Error(`A held-out prompt is in the training text:\n${prompt}`);
  const line = `${JSON.stringify({ ...conversation, pieces: trainingPieces(conversation) })}\n`;
  counts.set(conversation.family, (counts.get(conversation.family) ?? 0) + 1);
  if (!file.write(line)) await once(file, 'drain');
}
file.end();
await once(file, 'finish');
console.log(`${conversations} conversations, ${items.length} held-out items, none of them in the text.`);
for (const [family, count] of counts) console.log(`${family.padEnd(20)} ${count}`);
