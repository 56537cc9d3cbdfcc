/** Conformance tests of the embedding engines (see `engine.ts`): the same requests for all of them. */
import { AppError } from '@xerotier/errors';
import { healthProbes } from '../health/health-probes.ts';
import { createEngine } from './create-engine.ts';
import { engineConfig } from './engine-config.ts';
import { engineFor } from './engine-tasks.ts';
import type { EmbedJob, Engine } from './engine.ts';
import { ScriptedEngine } from './scripted/scripted.engine.ts';
import { embeddingModelFile } from './testing/bundled-models.ts';
import { FakeUpstream, json } from './testing/fake-upstream.ts';
import type { Responder } from './testing/fake-upstream.ts';
import { aJob, run } from './testing/jobs.ts';
import { all, anEmbedJob } from './testing/numbers.ts';

const SLOTS = 2;
const CONTEXT_TOKENS = 256;
const NEVER = new AbortController().signal;
const TEXTS = ['The cat sat on the mat.', 'Bread is baked from flour.', 'Ünïcödé 😀 too'];

/** An upstream server that returns the vectors of the scripted engine. */
function scriptedUpstream(): Responder {
  const engine = new ScriptedEngine({ slots: 100, contextTokens: CONTEXT_TOKENS });
  return async (response, { body }) => {
    try {
      const { input, dimensions } = body as { input: EmbedJob['inputs']; dimensions?: number };
      const { values, usage } = await all(engine.embed(anEmbedJob(input, { dimensions }), NEVER));
      const data = values.map((vector, index) => ({
        object: 'embedding',
        index,
        embedding: Buffer.from(vector.buffer).toString('base64'),
      }));
      json(response, { object: 'list', data, usage: { prompt_tokens: usage.promptTokens } });
    } catch (error) {
      const { message, details } = AppError.from(error);
      json(response, { error: { message, n_prompt_tokens: details['tokens'], n_ctx: details['contextTokens'] } }, 400);
    }
  };
}

describe.each([
  ['scripted', 64],
  ['llama', 192],
  ['openai', 64],
] as const)('the %s embedding engine', (kind, dimensions) => {
  let upstream: FakeUpstream;
  let engine: Engine;

  beforeAll(async () => {
    upstream = new FakeUpstream();
    upstream.respond = scriptedUpstream();
    await upstream.start();
    const config = {
      kind,
      task: 'embed',
      slots: SLOTS,
      contextTokens: CONTEXT_TOKENS,
      modelPath: embeddingModelFile,
      threads: 1,
      baseUrl: upstream.baseUrl,
    };
    engine = await createEngine(engineConfig.parse(config));
    await healthProbes(engine).check(NEVER);
  });

  afterAll(async () => {
    await engine.close();
    await upstream.stop();
  });

  const embed = (job: EmbedJob, signal = NEVER): ReturnType<typeof all<Float32Array>> =>
    all(engineFor(engine, 'embed').embed(job, signal));
  const failure = async (job: EmbedJob): Promise<unknown> => embed(job).catch((error: unknown) => error);

  it('reports its name, slots and context length', () => {
    expect(engine).toMatchObject({ name: kind, slots: SLOTS, contextTokens: CONTEXT_TOKENS });
  });

  it('returns the vectors in the order of the inputs, equal to those of single requests', async () => {
    const counted: number[] = [];
    const { values, usage } = await embed(anEmbedJob(TEXTS, { onInputTokens: (tokens) => counted.push(tokens) }));
    const tokensAlone: number[] = [];
    for (const [i, text] of TEXTS.entries()) {
      const alone = await embed(anEmbedJob([text]));
      expect(alone.values).toEqual([values[i]]);
      tokensAlone.push(alone.usage.promptTokens);
    }
    // A server reports the tokens of a request, not of each input.
    expect(counted).toEqual(kind === 'openai' ? [] : tokensAlone);
    const promptTokens = tokensAlone.reduce((sum, tokens) => sum + tokens, 0);
    expect(values.map(({ length }) => length)).toEqual(TEXTS.map(() => dimensions));
    for (const vector of values) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    expect(usage).toMatchObject({ promptTokens, completionTokens: 0 });
    expect(new Set(values.map(String)).size).toBe(TEXTS.length);
  });

  it('accepts tokens', async () => {
    const { values, usage } = await embed(anEmbedJob([[100, 101, 102], [103]]));
    expect(usage.promptTokens).toBe(4);
    expect(values[0]).not.toEqual(values[1]);
  });

  it('accepts its own number of dimensions and rejects others', async () => {
    const { values } = await embed(anEmbedJob(['a'], { dimensions }));
    expect(values[0]).toHaveLength(dimensions);
    expect(await failure(anEmbedJob(['a'], { dimensions: dimensions - 1 }))).toMatchObject({ status: 400 });
  });

  it('rejects an input that exceeds its context, and keeps working', async () => {
    const tooLong = Array.from({ length: CONTEXT_TOKENS + 1 }, () => 100);
    expect(await failure(anEmbedJob(['a', tooLong]))).toMatchObject({
      code: 'inference.input_too_long',
      param: expect.stringMatching(/^input/),
      details: { tokens: CONTEXT_TOKENS + 1, contextTokens: CONTEXT_TOKENS },
    });
    expect((await embed(anEmbedJob([tooLong.slice(1)]))).usage.promptTokens).toBe(CONTEXT_TOKENS);
  });

  it('stops when it is aborted or its reader ends the iteration, and keeps working', async () => {
    const many = anEmbedJob(Array.from({ length: 50 }, (_, i) => `text ${i}`));
    for (let i = 0; i < 2 * SLOTS; i += 1) {
      const controller = new AbortController();
      const vectors = engineFor(engine, 'embed').embed(many, controller.signal);
      await vectors.next();
      controller.abort();
      let left = 0;
      for await (const _ of vectors) left += 1;
      expect(left).toBeLessThan(50);
      for await (const _ of engineFor(engine, 'embed').embed(many, NEVER)) break;
    }
    expect((await embed(anEmbedJob(['a']))).values).toHaveLength(1);
  });

  it('computes nothing when it is aborted before it starts', async () => {
    const { values, usage } = await embed(anEmbedJob(['a']), AbortSignal.abort());
    expect([values, usage.promptTokens]).toEqual([[], 0]);
  });

  it('returns the same vectors to concurrent readers as to a single one', async () => {
    const alone = await embed(anEmbedJob(TEXTS));
    const together = await Promise.all(Array.from({ length: SLOTS }, () => embed(anEmbedJob(TEXTS))));
    expect(together.map(({ values }) => values)).toEqual(together.map(() => alone.values));
  });

  it('supports chat only if its model does', async () => {
    const generated = run(engine, aJob()).catch((error: unknown) => error);
    if (kind === 'scripted') expect(await generated).toMatchObject({ finishReasons: ['stop'] });
    else expect(await generated).toMatchObject({ code: 'inference.task_unsupported', status: 400 });
  });
});
