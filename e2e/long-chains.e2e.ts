/**
 * Each turn of a long chain of responses is stored with its own items alone, so that the last ones take no more room than the first. The
 * time before the first token is measured and printed, next to that of chat completions with the same messages. `npm run test:chaos`
 * has a chain of 500.
 */
import { scriptedPlatform } from '@xerotier/dev';
import pg from 'pg';
import { isChaos } from './support/chaos.ts';
import { ResponsesClient, scriptedText } from './support/responses-client.ts';
import { testPlatform, withContext } from './support/test-platform.ts';

const TURNS = isChaos ? 500 : 100;
const EARLY = 5;
const SAMPLES = 40;
const TIMEOUT_MS = 300_000;
/** The same for all turns, so that their sizes can be compared. */
const TEXT = 'This is what the model says in each turn.';
const INPUT = scriptedText({ text: TEXT });

const test = testPlatform(() => withContext(scriptedPlatform({ slots: 4 }), 100_000));

/** Of each response: its row, its items with their places, and its events, which are kept for ten minutes. */
const BYTES = `
  SELECT pg_column_size(r.*) + i.bytes + coalesce(e.bytes, 0) AS bytes, i.items
  FROM responses.response r
  CROSS JOIN LATERAL (
    SELECT sum(pg_column_size(place.*) + pg_column_size(item.*))::int AS bytes, count(*)::int AS items
    FROM responses.response_item place JOIN responses.item item ON item.project_id = r.project_id AND item.id = place.item_id
    WHERE place.project_id = r.project_id AND place.response_id = r.id
  ) i
  CROSS JOIN LATERAL (
    SELECT sum(pg_column_size(event.*))::int AS bytes FROM responses.response_event event
    WHERE event.project_id = r.project_id AND event.response_id = r.id
  ) e
  WHERE r.project_id = $1 AND r.id = ANY ($2) ORDER BY r.turns`;

/** Returns what is stored of each turn, the first one first. */
async function storedOf(ids: readonly string[]): Promise<{ bytes: number; items: number }[]> {
  const database = new pg.Client({ connectionString: test.description.databaseUrl });
  await database.connect();
  try {
    const { rows } = await database.query<{ bytes: number; items: number }>(BYTES, [test.description.projectId, ids]);
    return rows;
  } finally {
    await database.end();
  }
}

/** @returns the milliseconds until the first text of a stream. */
async function firstToken(path: string, body: object, text: string): Promise<number> {
  const begun = performance.now();
  const response = await fetch(`${test.description.projectUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${test.description.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'chat', stream: true, ...body }),
  });
  expect(response.status).toBe(200);
  let ms: number | undefined;
  let received = '';
  const decoder = new TextDecoder();
  for await (const bytes of response.body as ReadableStream<Uint8Array>) {
    received += decoder.decode(bytes, { stream: true });
    if (ms === undefined && received.includes(text)) ms = performance.now() - begun;
  }
  if (ms === undefined) throw new Error(`no text in ${received}`);
  return ms;
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;

it(
  `a chain of ${TURNS} turns is stored once`,
  async () => {
    const client = new ResponsesClient(test.description, test.schema);
    const ids: string[] = [];
    let tokens = 0;
    while (ids.length < TURNS) {
      const previous = ids.at(-1);
      const { id, usage } = await client.create({ input: INPUT, ...(previous && { previous_response_id: previous }) });
      // The model has all turns before.
      expect(usage?.input_tokens).toBeGreaterThan(tokens);
      tokens = usage?.input_tokens ?? 0;
      ids.push(id);
    }
    const stored = await storedOf(ids);
    expect(stored.map(({ items }) => items)).toEqual(Array(TURNS).fill(2));
    const sizes = stored.slice(EARLY - 1).map(({ bytes }) => bytes);
    expect(Math.max(...sizes) / Math.min(...sizes)).toBeLessThan(1.1);

    const turn = [
      { role: 'user', content: INPUT },
      { role: 'assistant', content: TEXT },
    ];
    const messages = (turns: number): object[] => Array.from({ length: turns - 1 }, () => turn).flat();
    const measured: Record<string, number[]> = {};
    for (let sample = 0; sample < SAMPLES; sample += 1)
      for (const turns of [EARLY, TURNS]) {
        const chat = { messages: [...messages(turns), turn[0]] };
        (measured[`chat ${turns}`] ??= []).push(await firstToken('/chat/completions', chat, '"content":"This'));
        // Branches from the chain.
        const response = { input: INPUT, previous_response_id: ids[turns - 2] };
        (measured[`response ${turns}`] ??= []).push(await firstToken('/responses', response, 'output_text.delta'));
      }
    const ms = Object.entries(measured).map(([name, all]) => `${name}: ${median(all).toFixed(1)} ms`);
    const [first, last] = [sizes[0], sizes.at(-1)];
    process.stdout.write(`long-chains: ${first} bytes of turn ${EARLY}, ${last} of turn ${TURNS}; ${ms.join(', ')}\n`);
  },
  TIMEOUT_MS,
);
