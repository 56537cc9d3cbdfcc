import { engineConfig } from '../engine-config.ts';
import type { OpenaiConfig } from '../engine-config.ts';
import { engineFor, supports } from '../engine-tasks.ts';
import type { Engine } from '../engine.ts';
import { FakeUpstream, json } from '../testing/fake-upstream.ts';
import type { Responder } from '../testing/fake-upstream.ts';
import { aJob, run } from '../testing/jobs.ts';
import { all, anEmbedJob } from '../testing/numbers.ts';
import { OpenaiEmbeddingEngine } from './openai-embedding.engine.ts';
import { OpenaiRankEngine } from './openai-rank.engine.ts';

const NEVER = new AbortController().signal;
const base64 = (...values: number[]): string => Buffer.from(Float32Array.from(values).buffer).toString('base64');

let upstream: FakeUpstream;
const engines: Engine[] = [];

beforeEach(async () => {
  upstream = new FakeUpstream();
  await upstream.start();
});

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
  await upstream.stop();
});

function anEngine(task: 'embed' | 'score', config: Partial<OpenaiConfig> = {}): Engine {
  const parsed = engineConfig.parse({ kind: 'openai', baseUrl: upstream.baseUrl, model: 'named', task, ...config });
  const engine = new (task === 'embed' ? OpenaiEmbeddingEngine : OpenaiRankEngine)(parsed as OpenaiConfig);
  engines.push(engine);
  return engine;
}

const embed = (...inputs: (string | number[])[]): ReturnType<typeof all<Float32Array>> =>
  all(engineFor(anEngine('embed'), 'embed').embed(anEmbedJob(inputs), NEVER));

const rank = (queries: string[], documents: string[]): ReturnType<typeof all<number>> =>
  all(engineFor(anEngine('score'), 'score').rank({ queries, documents }, NEVER));

/** Responds to every input with a vector that contains its index in the request. */
const counts: Responder = (response, { body }) => {
  const input = body['input'] as unknown[];
  json(response, {
    data: input.map((_, index) => ({ index, embedding: base64(index, 1) })),
    usage: { prompt_tokens: 7 },
  });
};

describe('OpenaiEmbeddingEngine', () => {
  it('forwards the inputs unchanged and requests floats, which every server supports', async () => {
    upstream.respond = counts;
    const engine = anEngine('embed');
    await all(engineFor(engine, 'embed').embed(anEmbedJob([[1, 2], [3]], { dimensions: 2 }), NEVER));
    expect(upstream.requests).toMatchObject([
      {
        path: '/v1/embeddings',
        body: { model: 'named', input: [[1, 2], [3]], encoding_format: 'float', dimensions: 2 },
      },
    ]);
  });

  it('sends batches one after the other and sums their usage', async () => {
    upstream.respond = counts;
    const inputs = Array.from({ length: 600 }, (_, i) => `text ${i}`);
    const { values, usage } = await embed(...inputs);
    expect(upstream.requests.map(({ body }) => (body['input'] as unknown[]).length)).toEqual([256, 256, 88]);
    expect(values).toHaveLength(600);
    expect(values[256]).toEqual(Float32Array.of(0, 1));
    expect(usage.promptTokens).toBe(21);
    expect(upstream.requests[0]?.body).not.toHaveProperty('dimensions');
  });

  it('accepts base64 and any order in the response', async () => {
    upstream.respond = (response) =>
      json(response, {
        data: [
          { index: 1, embedding: [0.5, -2] },
          { index: 0, embedding: base64(3, 4) },
        ],
      });
    const { values, usage } = await embed('four char', 'more');
    expect(values).toEqual([Float32Array.of(3, 4), Float32Array.of(0.5, -2)]);
    // Without a report, four characters count as a token.
    expect(usage.promptTokens).toBe(4);
  });

  it.each([
    ['no list', {}],
    ['too few vectors', { data: [{ index: 0, embedding: [1] }] }],
    ['too many vectors', { data: [0, 1, 2].map((index) => ({ index, embedding: [1] })) }],
    ['the same vector twice', { data: [0, 0].map((index) => ({ index, embedding: [1] })) }],
    ['vectors of two sizes', { data: [{ embedding: [1] }, { embedding: [1, 2] }] }],
    ['an empty vector', { data: [{ embedding: [] }, { embedding: [] }] }],
    ['a truncated vector', { data: [{ embedding: 'AAAA' }, { embedding: 'AAAA' }] }],
    ['no vector', { data: [{ index: 0 }, { index: 1 }] }],
    ['a string in a vector', { data: [{ embedding: [1] }, { embedding: ['x'] }] }],
    ['a number beyond 32 bits', { data: [{ embedding: [1] }, { embedding: [1e39] }] }],
    ['NaN in a vector', { data: [{ embedding: [1] }, { embedding: base64(NaN) }] }],
    ['null in a vector', { data: [{ embedding: [1] }, { embedding: [null] }] }],
    ['a null vector', { data: [{ embedding: [1] }, { embedding: null }] }],
    ['nothing', null],
  ])('fails for a response with %s', async (_, respond) => {
    upstream.respond = (response) => json(response, respond);
    await expect(embed('a', 'b')).rejects.toMatchObject({ code: 'inference.engine_failed' });
  });

  it('counts the usage of the batches before a failure', async () => {
    upstream.respond = (response, request) =>
      upstream.requests.length === 1 ? counts(response, request) : json(response, {}, 500);
    await expect(embed(...Array.from({ length: 300 }, () => 'x'))).rejects.toMatchObject({
      code: 'inference.engine_failed',
      details: { upstreamStatus: 500, usage: { promptTokens: 7 } },
    });
  });

  it.each([
    [400, { error: { message: 'dimensions are fixed' } }, 'inference.upstream_rejected'],
    [429, {}, 'worker.busy'],
    [503, {}, 'worker.busy'],
    [404, {}, 'inference.engine_failed'],
  ])('translates the status %d', async (status, body, code) => {
    upstream.respond = (response) => json(response, body, status);
    await expect(embed('a')).rejects.toMatchObject({ code });
  });

  it('translates an error about the context length', async () => {
    upstream.respond = (response) =>
      json(response, { error: { message: 'long', n_prompt_tokens: 900, n_ctx: 512 } }, 400);
    await expect(embed('a')).rejects.toMatchObject({
      code: 'inference.input_too_long',
      param: 'input[0]',
      details: { tokens: 900, contextTokens: 512, usage: { promptTokens: 0 } },
    });
    await expect(embed('a', 'b')).rejects.toMatchObject({ param: 'input' });
  });

  it('closes the connection when the request is cancelled', async () => {
    upstream.respond = () => undefined;
    const caller = new AbortController();
    const computing = all(engineFor(anEngine('embed'), 'embed').embed(anEmbedJob(['a']), caller.signal));
    while (upstream.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    caller.abort();
    expect((await computing).usage.promptTokens).toBe(0);
    await upstream.requests[0]?.aborted;
  });

  it('closes the connection when the worker closes', async () => {
    upstream.respond = () => undefined;
    const engine = anEngine('embed');
    const computing = all(engineFor(engine, 'embed').embed(anEmbedJob(['a']), NEVER)).catch((error: unknown) => error);
    while (upstream.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await engine.close();
    expect(await computing).toMatchObject({ code: 'worker.draining' });
  });

  it('supports neither ranking nor chat', async () => {
    const engine = anEngine('embed');
    expect(supports(engine, 'score')).toBe(false);
    await expect(run(engine, aJob())).rejects.toMatchObject({ code: 'inference.task_unsupported' });
  });
});

describe('OpenaiRankEngine', () => {
  it('sends one query with all documents, and restores the order of the results', async () => {
    upstream.respond = (response) =>
      json(response, {
        results: [
          { index: 1, relevance_score: 0.9 },
          { index: 0, relevance_score: 0.2 },
        ],
        usage: { prompt_tokens: 11, total_tokens: 11 },
      });
    expect(await rank(['q'], ['a', 'b'])).toMatchObject({ values: [0.2, 0.9], usage: { promptTokens: 11 } });
    expect(upstream.requests).toMatchObject([
      { path: '/v1/rerank', body: { model: 'named', query: 'q', documents: ['a', 'b'] } },
    ]);
  });

  it('sends pairs when there is a query per document', async () => {
    upstream.respond = (response) =>
      json(response, {
        data: [
          { index: 0, score: 0.1 },
          { index: 1, score: 0.8 },
        ],
      });
    expect((await rank(['q', 'r'], ['a', 'b'])).values).toEqual([0.1, 0.8]);
    expect(upstream.requests).toMatchObject([{ path: '/v1/score', body: { text_1: ['q', 'r'], text_2: ['a', 'b'] } }]);
  });

  it('sends batches that keep queries and documents together', async () => {
    upstream.respond = (response, { body }) => {
      const [left, right] = [body['text_1'] as string[], body['text_2'] as string[]];
      json(response, { data: left.map((text, index) => ({ index, score: text === right[index] ? 1 : 0 })) });
    };
    const texts = Array.from({ length: 300 }, (_, i) => `text ${i}`);
    expect((await rank(texts, texts)).values).toEqual(texts.map(() => 1));
    expect(upstream.requests).toHaveLength(2);
  });

  it('fails for a response with a missing score', async () => {
    upstream.respond = (response) => json(response, { results: [{ index: 0, relevance_score: 0.9 }] });
    await expect(rank(['q'], ['a', 'b'])).rejects.toMatchObject({ code: 'inference.engine_failed' });
  });

  it('does not support embeddings', () => {
    expect(supports(anEngine('score'), 'embed')).toBe(false);
  });
});
