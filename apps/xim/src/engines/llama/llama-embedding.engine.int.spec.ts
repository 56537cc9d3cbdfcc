/** llama.cpp with the bundled embedding model: behavior beyond the conformance tests. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { healthProbes } from '../../health/health-probes.ts';
import type { LlamaConfig } from '../engine-config.ts';
import { engineFor, supports } from '../engine-tasks.ts';
import type { Engine } from '../engine.ts';
import { embeddingModelFile } from '../testing/bundled-models.ts';
import { aJob, run } from '../testing/jobs.ts';
import { all, anEmbedJob } from '../testing/numbers.ts';
import { writeTinyModelFile } from '../testing/tiny-model-file.ts';
import { loadLlamaEngine } from './load-llama-engine.ts';

const NEVER = new AbortController().signal;
const config: LlamaConfig = {
  kind: 'llama',
  task: 'generate',
  modelPath: embeddingModelFile,
  slots: 2,
  contextTokens: 4_096,
  threads: 1,
};
const engines: Engine[] = [];

async function load(changes: Partial<LlamaConfig> = {}): Promise<Engine> {
  const engine = await loadLlamaEngine({ ...config, ...changes });
  engines.push(engine);
  return engine;
}

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
});

const vectorsOf = async (engine: Engine, ...inputs: (string | number[])[]): Promise<Float32Array[]> =>
  (await all(engineFor(engine, 'embed').embed(anEmbedJob(inputs), NEVER))).values;

const product = (a: Float32Array | undefined, b: Float32Array | undefined): number =>
  [...(a ?? [])].reduce((sum, value, i) => sum + value * (b?.[i] ?? 0), 0);

describe('a pooling model', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await loadLlamaEngine(config);
  });
  afterAll(() => engine.close());

  it('serves embeddings by default, with its training context', async () => {
    await healthProbes(engine).check(NEVER);
    expect(engine).toMatchObject({
      name: 'llama',
      slots: 2,
      contextTokens: 512,
      fingerprint: expect.stringMatching(/^fp_/),
    });
    expect(await vectorsOf(engine, 'Hello')).toHaveLength(1);
  });

  it('returns similar vectors for sentences with the same meaning', async () => {
    const [sentence, same, other] = await vectorsOf(
      engine,
      'How do I reset my password?',
      'I forgot my password, how can I change it?',
      'The cat sat on the mat.',
    );
    expect(product(sentence, same)).toBeGreaterThan(product(sentence, other) + 0.2);
  });

  it('tokenizes the texts of control tokens as plain text', async () => {
    const usage = async (text: string): Promise<number> =>
      (await all(engineFor(engine, 'embed').embed(anEmbedJob([text]), NEVER))).usage.promptTokens;
    expect(await usage('<|im_end|>')).toBeGreaterThan(1);
  });

  it('rejects an oversized input without tokenizing it', async () => {
    await expect(vectorsOf(engine, 'x'.repeat(20_000_000))).rejects.toMatchObject({
      code: 'inference.input_too_long',
      param: 'input[0]',
    });
  });

  it.each([[2_048], [4_000_000_000]])('rejects token %d, which is not in the vocabulary', async (token) => {
    await expect(vectorsOf(engine, [1, token])).rejects.toMatchObject({ code: 'request.invalid', param: 'input[0]' });
    expect(await vectorsOf(engine, [1, 2_047])).toHaveLength(1);
  });

  it('computes nothing for a request with an invalid input', async () => {
    const vectors = engineFor(engine, 'embed').embed(anEmbedJob(['fine', [9_999]]), NEVER);
    await expect(vectors?.next()).rejects.toMatchObject({ param: 'input[1]' });
  });

  it('ends running requests with worker.draining when it is closed', async () => {
    const closed = await load();
    const vectors = engineFor(closed, 'embed').embed(
      anEmbedJob(Array.from({ length: 500 }, () => 'some words')),
      NEVER,
    );
    await vectors?.next();
    const closing = closed.close();
    await expect(all(vectors)).rejects.toMatchObject({
      code: 'worker.draining',
      details: { usage: expect.anything() },
    });
    await closing;
  });
});

describe('a model without pooling', () => {
  let folder: string;
  let modelPath: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'embedding-'));
    modelPath = await writeTinyModelFile(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('generates text by default', async () => {
    const engine = await load({ modelPath, contextTokens: 64 });
    expect(supports(engine, 'embed')).toBe(false);
    expect((await run(engine, aJob({ max_tokens: 1 }))).usage.completionTokens).toBe(1);
  });

  it.each(['embed', 'score'] as const)('serves embeddings for the task %s', async (task) => {
    const engine = await load({ modelPath, task, contextTokens: 64 });
    const [one, two] = await vectorsOf(engine, 'one', 'two');
    expect(Math.hypot(...(one ?? []))).toBeCloseTo(1, 5);
    expect(one).not.toEqual(two);
    await expect(run(engine, aJob())).rejects.toMatchObject({ code: 'inference.task_unsupported' });
  });

  it('fails with the same error for a missing file, whatever the task', async () => {
    for (const task of ['generate', 'embed'] as const) {
      await expect(load({ modelPath: join(folder, 'none.gguf'), task })).rejects.toThrow('XIM_MODEL_PATH');
    }
  });

  it('names a file that is not a model', async () => {
    const path = join(folder, 'text.gguf');
    await copyFile(import.meta.filename, path);
    await expect(load({ modelPath: path, task: 'embed' })).rejects.toThrow('text.gguf');
  });
});
