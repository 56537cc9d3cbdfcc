/**
 * Asks the held-out items and counts the right answers: the numbers of the model card.
 *
 * Usage: evaluate.ts [--base-url URL --key KEY | --dev FILE | --file MODEL.gguf] [--model NAME] [--items 100]
 *                    [--family NAME] [--temperature 0] [--wrong 0] [--card]
 *
 * Without a place to ask, the running platform is asked (`.xerotier/dev.json`). `--wrong 3` shows up to three wrong answers
 * of each family; `--card` writes the table into MODEL_CARD.md.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { HeldOutItem } from './conversation.ts';
import { heldOutItems } from './corpus.ts';
import { ApiAnswerer } from './evaluation/api-answerer.ts';
import { isRight } from './evaluation/answer.ts';
import type { Answer, Answerer } from './evaluation/answer.ts';
import { FileAnswerer } from './evaluation/file-answerer.ts';
import { tableOf } from './evaluation/report.ts';
import type { FamilyResult } from './evaluation/report.ts';
import { writeIntoCard } from './model-card.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const { values: options } = parseArgs({
  options: {
    'base-url': { type: 'string' },
    key: { type: 'string' },
    dev: { type: 'string', default: here('../../../.xerotier/dev.json') },
    file: { type: 'string' },
    model: { type: 'string', default: 'xero-tiny' },
    items: { type: 'string', default: '100' },
    family: { type: 'string' },
    temperature: { type: 'string', default: '0' },
    wrong: { type: 'string', default: '0' },
    card: { type: 'boolean', default: false },
  },
});

const answerer = await choose();
const items = heldOutItems(Number(options.items)).filter(
  ({ family }) => options.family === undefined || family === options.family,
);
const results: FamilyResult[] = [];
for (const [family, ofFamily] of Map.groupBy(items, (item) => item.family)) {
  const wrong: string[] = [];
  for (const item of ofFamily) {
    const answer = await ask(item);
    if (typeof answer === 'string' || !isRight(item.expect, answer)) wrong.push(describe(item, answer));
  }
  results.push({ family, items: ofFamily.length, right: ofFamily.length - wrong.length });
  console.log(`${family.padEnd(18)} ${ofFamily.length - wrong.length} of ${ofFamily.length}`);
  for (const text of wrong.slice(0, Number(options.wrong))) console.log(text);
}
const table = tableOf(results);
console.log(`\n${table}`);
if (answerer instanceof FileAnswerer) console.log(`\n${answerer.tokensPerSecond} tokens per second on one core`);
if (options.card) await writeIntoCard('evaluation', table);
await answerer.close();

async function choose(): Promise<Answerer> {
  const temperature = Number(options.temperature);
  if (options.file !== undefined) return FileAnswerer.load(options.file, temperature);
  const { 'base-url': baseUrl, key: apiKey, model } = options;
  if (baseUrl !== undefined && apiKey !== undefined) return new ApiAnswerer({ baseUrl, apiKey, model, temperature });
  const platform = JSON.parse(await readFile(options.dev, 'utf8')) as {
    baseUrl: string;
    projectId: string;
    endpointSlug: string;
    apiKey: string;
    model: string;
  };
  return new ApiAnswerer({
    baseUrl: `${platform.baseUrl}/${platform.projectId}/${platform.endpointSlug}/v1`,
    apiKey: platform.apiKey,
    model: platform.model,
    temperature,
  });
}

/** The answer, or why there is none. */
async function ask(item: HeldOutItem): Promise<Answer | string> {
  try {
    return await answerer.answer(item);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function describe(item: HeldOutItem, answer: Answer | string): string {
  const asked = item.messages.map(({ role, content }) => `    ${role}: ${content ?? '(calls)'}`).join('\n');
  const got =
    typeof answer === 'string'
      ? answer
      : `${answer.content} ${answer.calls.length > 0 ? JSON.stringify(answer.calls) : ''}`;
  return `${asked}\n    => ${got}\n    expected ${JSON.stringify(item.expect)}\n`;
}
