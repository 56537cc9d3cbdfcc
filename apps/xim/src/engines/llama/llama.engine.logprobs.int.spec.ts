/** Log probabilities from the real sampler: random weights, so every token is a surprise. */
import '../testing/arrays-of-every-realm.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChunkChoice } from '../engine.ts';
import { aJob, choicesOf, contentOf, run } from '../testing/jobs.ts';
import { writeTinyModelFile } from '../testing/tiny-model-file.ts';
import { LlamaEngine } from './llama.engine.ts';
import type { ContentLogprob } from './logprob-tape.ts';

let folder: string;
let engine: LlamaEngine;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llama-logprobs-'));
  const modelPath = await writeTinyModelFile(folder);
  engine = await LlamaEngine.load({ kind: 'llama', modelPath, slots: 2, contextTokens: 512, threads: 1 });
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

interface Completed {
  readonly text: string;
  readonly entries: ContentLogprob[];
  readonly choices: ChunkChoice[];
  readonly completionTokens: number;
}

async function complete(fields: Record<string, unknown>): Promise<Completed> {
  const { events, text, usage } = await run(engine, aJob({ max_tokens: 40, seed: 7, ...fields }));
  const choices = choicesOf(events) as ChunkChoice[];
  const entries = choices.flatMap(({ logprobs }) => (logprobs as { content: ContentLogprob[] } | null)?.content ?? []);
  return { text, entries, choices, completionTokens: usage.completionTokens };
}

const joined = (entries: readonly ContentLogprob[]): string =>
  Buffer.concat(entries.map(({ bytes }) => Buffer.from(bytes ?? []))).toString();

describe('logprobs', () => {
  it('are those of the tokens of the text, in the chunks that have the text', async () => {
    const { text, entries, choices } = await complete({ logprobs: true });
    expect(text).not.toBe('');
    expect(joined(entries)).toBe(text);
    expect(entries.every(({ logprob }) => logprob <= 0 && logprob >= -9_999)).toBe(true);
    expect(entries.every(({ top_logprobs: top }) => top.length === 0)).toBe(true);
    for (const choice of choices) expect(choice.logprobs === null).toBe(contentOf(choice) === '');
  });

  it.each([0, 1, 5, 20])('have %i of the likeliest beside each, the likeliest first', async (count) => {
    const { entries } = await complete({ logprobs: true, top_logprobs: count });
    expect(entries.length).toBeGreaterThan(0);
    for (const { top_logprobs: top } of entries) {
      expect(top).toHaveLength(count);
      expect(top.map(({ logprob }) => logprob)).toEqual(top.map(({ logprob }) => logprob).toSorted((a, b) => b - a));
    }
  });

  it('say that a greedy reply takes the likeliest', async () => {
    const { entries } = await complete({ logprobs: true, top_logprobs: 1, temperature: 0 });
    expect(entries.length).toBeGreaterThan(0);
    for (const { token, logprob, top_logprobs: top } of entries) expect(top[0]).toMatchObject({ token, logprob });
  });

  it('change nothing of the text', async () => {
    const [with_, without] = [await complete({ logprobs: true, top_logprobs: 3 }), await complete({})];
    expect(with_.text).toBe(without.text);
    expect(without.choices.every(({ logprobs }) => logprobs === null)).toBe(true);
  });

  it('end where a stop string ends the text', async () => {
    const { text } = await complete({});
    const stop = text.slice(9, 12);
    const stopped = await complete({ logprobs: true, stop });
    expect(stopped.text).toBe(text.slice(0, text.indexOf(stop)));
    expect(joined(stopped.entries)).toBe(stopped.text);
  });

  it('are as many as a nucleus leaves, where it leaves fewer', async () => {
    const { entries } = await complete({ logprobs: true, top_logprobs: 20, top_p: 0.01 });
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.every(({ top_logprobs: top }) => top.length >= 1 && top.length <= 20)).toBe(true);
  });
});

describe('prediction', () => {
  it('changes nothing of the text, and is counted: all of it when it comes true', async () => {
    const plain = await complete({ temperature: 0 });
    const job = aJob({ max_tokens: 40, temperature: 0, prediction: { type: 'content', content: plain.text } });
    const { text, usage } = await run(engine, job);
    expect(text).toBe(plain.text);
    expect(usage.acceptedPredictionTokens).toBeGreaterThan(0);
    expect(usage.acceptedPredictionTokens).toBeLessThanOrEqual(plain.completionTokens);
  });

  it('is rejected as a whole when nothing of it comes true', async () => {
    const job = aJob({
      max_tokens: 1,
      prediction: { type: 'content', content: [{ type: 'text', text: 'zzzz qqqq' }] },
    });
    const { usage } = await run(engine, job);
    expect(usage.rejectedPredictionTokens).toBeGreaterThan(0);
  });
});

describe('reasoning_effort', () => {
  it('is told as none by a model that does not think, whatever was asked for', async () => {
    for (const effort of ['none', 'high']) {
      const { events } = await run(engine, aJob({ max_tokens: 1, reasoning_effort: effort }));
      expect(events[0]).toMatchObject({ type: 'head', adjustedReasoningEffort: 'none' });
    }
  });
});
