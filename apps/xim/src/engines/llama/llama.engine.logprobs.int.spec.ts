/** Log probabilities of the real sampler, with a model of random weights. */
import '../testing/cross-realm-arrays.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChunkChoice } from '../engine.ts';
import { aJob, choicesOf, contentOf, run } from '../testing/jobs.ts';
import { writeTinyModelFile } from '../testing/tiny-model-file.ts';
import { LlamaEngine } from './llama.engine.ts';
import type { ContentLogprob } from './logprob-buffer.ts';

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
  it('are those of the tokens of the text, in the chunks with the text', async () => {
    const { text, entries, choices } = await complete({ logprobs: true });
    expect(text).not.toBe('');
    expect(joined(entries)).toBe(text);
    expect(entries.every(({ logprob }) => logprob <= 0 && logprob >= -9_999)).toBe(true);
    expect(entries.every(({ top_logprobs: top }) => top.length === 0)).toBe(true);
    for (const choice of choices) expect(choice.logprobs === null).toBe(contentOf(choice) === '');
  });

  it.each([0, 1, 5, 20])('list the %i most likely tokens, most likely first', async (count) => {
    const { entries } = await complete({ logprobs: true, top_logprobs: count });
    expect(entries.length).toBeGreaterThan(0);
    for (const { top_logprobs: top } of entries) {
      expect(top).toHaveLength(count);
      expect(top.map(({ logprob }) => logprob)).toEqual(top.map(({ logprob }) => logprob).toSorted((a, b) => b - a));
    }
  });

  it('show that greedy sampling takes the most likely token', async () => {
    const { entries } = await complete({ logprobs: true, top_logprobs: 1, temperature: 0 });
    expect(entries.length).toBeGreaterThan(0);
    for (const { token, logprob, top_logprobs: top } of entries) expect(top[0]).toMatchObject({ token, logprob });
  });

  it('do not change the text', async () => {
    const [with_, without] = [await complete({ logprobs: true, top_logprobs: 3 }), await complete({})];
    expect(with_.text).toBe(without.text);
    expect(without.choices.every(({ logprobs }) => logprobs === null)).toBe(true);
  });

  it('end with the text at a stop string', async () => {
    const { text } = await complete({});
    const stop = text.slice(9, 12);
    const stopped = await complete({ logprobs: true, stop });
    expect(stopped.text).toBe(text.slice(0, text.indexOf(stop)));
    expect(joined(stopped.entries)).toBe(stopped.text);
  });

  it('list fewer tokens when nucleus sampling leaves fewer', async () => {
    const { entries } = await complete({ logprobs: true, top_logprobs: 20, top_p: 0.01 });
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.every(({ top_logprobs: top }) => top.length >= 1 && top.length <= 20)).toBe(true);
  });
});

describe('prediction', () => {
  it('does not change the text, and counts accepted tokens', async () => {
    const plain = await complete({ temperature: 0 });
    const job = aJob({ max_tokens: 40, temperature: 0, prediction: { type: 'content', content: plain.text } });
    const { text, usage } = await run(engine, job);
    expect(text).toBe(plain.text);
    expect(usage.acceptedPredictionTokens).toBeGreaterThan(0);
    expect(usage.acceptedPredictionTokens).toBeLessThanOrEqual(plain.completionTokens);
  });

  it('counts all tokens of a wrong prediction as rejected', async () => {
    const job = aJob({
      max_tokens: 1,
      prediction: { type: 'content', content: [{ type: 'text', text: 'zzzz qqqq' }] },
    });
    const { usage } = await run(engine, job);
    expect(usage.rejectedPredictionTokens).toBeGreaterThan(0);
  });
});

describe('reasoning_effort', () => {
  it('is reported as none by a model without reasoning, whatever was requested', async () => {
    for (const effort of ['none', 'high']) {
      const { events } = await run(engine, aJob({ max_tokens: 1, reasoning_effort: effort }));
      expect(events[0]).toMatchObject({ type: 'head', adjustedReasoningEffort: 'none' });
    }
  });
});
