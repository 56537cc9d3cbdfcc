/** Embeddings and scores of servers with their own formats and limits. */
import { engineConfig } from '../engine-config.ts';
import type { OpenaiConfig } from '../engine-config.ts';
import { engineFor } from '../engine-tasks.ts';
import type { Engine } from '../engine.ts';
import { FakeUpstream, json } from '../testing/fake-upstream.ts';
import type { Responder } from '../testing/fake-upstream.ts';
import { all, anEmbedJob } from '../testing/numbers.ts';
import { OpenaiEmbeddingEngine } from './openai-embedding.engine.ts';
import { OpenaiRankEngine } from './openai-rank.engine.ts';

const NEVER = new AbortController().signal;

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

function anEngine(task: 'embed' | 'score'): Engine {
  const parsed = engineConfig.parse({ kind: 'openai', baseUrl: upstream.baseUrl, model: 'named', task });
  const engine = new (task === 'embed' ? OpenaiEmbeddingEngine : OpenaiRankEngine)(parsed as OpenaiConfig);
  engines.push(engine);
  return engine;
}

const embed = (inputs: readonly string[], engine: Engine = anEngine('embed')): ReturnType<typeof all<Float32Array>> =>
  all(engineFor(engine, 'embed').embed(anEmbedJob([...inputs]), NEVER));

const rank = (documents: string[], engine: Engine = anEngine('score')): ReturnType<typeof all<number>> =>
  all(engineFor(engine, 'score').rank({ queries: ['q'], documents }, NEVER));

const texts = (count: number): string[] => Array.from({ length: count }, (_, i) => `text ${i}`);

/** Accepts at most `max` texts per request, and responds to each with its number. */
function taking(max: number, status: number, rejection: object | string): Responder {
  return (response, { body }) => {
    const input = (body['input'] ?? body['documents']) as string[];
    if (input.length > max) return json(response, rejection, status);
    const numbers = input.map((text) => Number(text.split(' ')[1]));
    return body['input'] === undefined
      ? json(response, { results: numbers.map((score, index) => ({ index, relevance_score: score })) })
      : json(response, { data: numbers.map((number, index) => ({ index, embedding: [number, 1] })) });
  };
}

const sizes = (): number[] =>
  upstream.requests.map(({ body }) => ((body['input'] ?? body['documents']) as string[]).length);

describe('a server with a small maximum batch size', () => {
  const rejections: [string, number, object | string][] = [
    ['TEI', 422, { error: 'batch size 256 > maximum allowed batch size 32', error_type: 'Validation' }],
    ['TEI for bodies', 413, ''],
    ['Cohere', 400, { message: 'invalid request: total number of texts must be at most 96, received 256' }],
    [
      'OpenAI',
      400,
      { error: { message: 'Invalid input: max 300000 tokens per request', type: 'invalid_request_error' } },
    ],
    ['another server', 400, { error: { message: 'Too many inputs. The maximum is 32.' } }],
    ['a server that responds with status 200', 200, { error: { message: 'batch size too large', code: 413 } }],
  ];

  it.each(rejections)(
    'receives smaller batches, permanently, after a rejection of %s',
    async (_who, status, rejection) => {
      upstream.respond = taking(40, status, rejection);
      const engine = anEngine('embed');
      const { values } = await embed(texts(100), engine);
      expect(values.map(([first]) => first)).toEqual(texts(100).map((_, i) => i));
      expect(sizes()).toEqual([100, 50, 25, 25, 25, 25]);
      upstream.requests.length = 0;
      await embed(texts(50), engine);
      expect(sizes()).toEqual([25, 25]);
    },
  );

  it('receives smaller batches of documents, too', async () => {
    upstream.respond = taking(40, 422, { error: 'batch size 100 > maximum allowed batch size 40' });
    expect((await rank(texts(100))).values).toEqual(texts(100).map((_, i) => i));
  });

  it('rejects the request when it rejects a single text', async () => {
    upstream.respond = (response) => json(response, { error: 'batch size 1 > maximum allowed batch size 0' }, 422);
    await expect(embed(['a', 'b'])).rejects.toMatchObject({ code: 'inference.upstream_rejected' });
    expect(sizes()).toEqual([2, 1]);
  });

  it('is not retried after a rejection for another reason', async () => {
    upstream.respond = (response) => json(response, { error: { message: 'dimensions are fixed' } }, 400);
    await expect(embed(['a', 'b'])).rejects.toMatchObject({ code: 'inference.upstream_rejected' });
    upstream.respond = (response) =>
      json(response, { error: '`inputs` must have less than 512 tokens. Given: 600', error_type: 'Validation' }, 413);
    await expect(embed(['a', 'b'])).rejects.toMatchObject({
      code: 'inference.input_too_long',
      details: { tokens: 600, contextTokens: 512 },
    });
    expect(upstream.requests).toHaveLength(2);
  });

  it('may reject a text for its length without counts', async () => {
    upstream.respond = (response) => json(response, { error: 'the input length exceeds the context length' }, 400);
    await expect(embed(['a'])).rejects.toMatchObject({ code: 'inference.prompt_too_long', param: 'input[0]' });
  });
});

describe('the format of a response', () => {
  it.each([
    [
      'the specification',
      {
        data: [
          { index: 1, embedding: [3] },
          { index: 0, embedding: [2] },
        ],
      },
    ],
    ['TEI', [[2], [3]]],
    [
      'llama-server',
      [
        { index: 0, embedding: [[2]] },
        { index: 1, embedding: [[3]] },
      ],
    ],
    ["Ollama's own API", { embeddings: [[2], [3]] }],
  ])('may be that of %s for embeddings', async (_who, body) => {
    upstream.respond = (response) => json(response, body);
    expect((await embed(['a', 'b'])).values).toEqual([Float32Array.of(2), Float32Array.of(3)]);
  });

  it.each([
    [
      'Cohere and Jina',
      {
        results: [
          { index: 1, relevance_score: 0.9 },
          { index: 0, relevance_score: 0.2 },
        ],
      },
    ],
    [
      'servers with `score`',
      {
        results: [
          { index: 1, score: 0.9 },
          { index: 0, score: 0.2 },
        ],
      },
    ],
    [
      'vLLM’s scores and Voyage',
      {
        data: [
          { index: 1, relevance_score: 0.9 },
          { index: 0, relevance_score: 0.2 },
        ],
      },
    ],
    [
      'TEI',
      [
        { index: 1, score: 0.9 },
        { index: 0, score: 0.2 },
      ],
    ],
  ])('may be that of %s for scores', async (_who, body) => {
    upstream.respond = (response) => json(response, body);
    expect((await rank(['a', 'b'])).values).toEqual([0.2, 0.9]);
  });

  it.each([
    ['null', { results: [{ index: 0, score: null }] }],
    ['NaN', '{"results": [{"index": 0, "score": NaN}]}'],
    ['no score', { results: [{ index: 0 }] }],
  ])('is invalid with %s as a score', async (_what, body) => {
    upstream.respond = (response) => void response.end(typeof body === 'string' ? body : JSON.stringify(body));
    await expect(rank(['a'])).rejects.toMatchObject({ code: 'inference.engine_failed' });
  });

  it('is invalid with NaN in a vector', async () => {
    upstream.respond = (response) => void response.end('{"data": [{"index": 0, "embedding": [1, NaN]}]}');
    await expect(embed(['a'])).rejects.toMatchObject({ code: 'inference.engine_failed' });
  });

  it('of TEI is requested with its own field for documents', async () => {
    upstream.respond = (response, { body }) =>
      body['texts'] === undefined
        ? void response
            .writeHead(422)
            .end('Failed to deserialize the JSON body: missing field `texts` at line 1 column 60')
        : json(response, [{ index: 0, score: 0.5 }]);
    const engine = anEngine('score');
    expect((await rank(['a'], engine)).values).toEqual([0.5]);
    expect((await rank(['b'], engine)).values).toEqual([0.5]);
    expect(upstream.requests.map(({ body }) => [body['documents'], body['texts']])).toEqual([
      [['a'], undefined],
      [undefined, ['a']],
      [undefined, ['b']],
    ]);
  });
});

describe('usage', () => {
  const results = [{ index: 0, relevance_score: 0.5 }];

  it.each([
    ['prompt_tokens', { usage: { prompt_tokens: 7, total_tokens: 9 } }, 7],
    ['total_tokens alone', { usage: { total_tokens: 9 } }, 9],
    ['total_tokens with null', { usage: { prompt_tokens: null, total_tokens: 9 } }, 9],
    ['total_tokens with 0', { usage: { prompt_tokens: 0, total_tokens: 9 } }, 9],
    ['billed units of tokens', { meta: { billed_units: { input_tokens: 8, search_units: 1 } } }, 8],
    ['tokens with billed units', { meta: { tokens: { input_tokens: 6 }, billed_units: { search_units: 1 } } }, 6],
    ['search units alone', { meta: { billed_units: { search_units: 1 } } }, 2],
    ['nothing', {}, 2],
    ['an invalid count', { usage: { total_tokens: -5 } }, 2],
  ])('is read from %s', async (_how, fields, promptTokens) => {
    upstream.respond = (response) => json(response, { results, ...fields });
    expect((await rank(['abcd'])).usage.promptTokens).toBe(promptTokens);
    upstream.respond = (response) => json(response, { data: [{ index: 0, embedding: [1] }], ...fields });
    expect((await embed(['abcdefgh'])).usage.promptTokens).toBe(promptTokens);
  });

  it('never has more cached tokens than prompt tokens', async () => {
    const usage = { prompt_tokens: 7, prompt_tokens_details: { cached_tokens: 50 } };
    upstream.respond = (response) => json(response, { results, usage });
    expect((await rank(['a'])).usage).toMatchObject({ promptTokens: 7, cachedTokens: 7 });
  });
});

it.each([
  [{ error: { message: 'bad input', code: 400 } }, 'inference.upstream_rejected'],
  [{ object: 'error', message: 'bad input', code: 400 }, 'inference.upstream_rejected'],
  [{ error: { message: 'slow down', code: 429 } }, 'worker.busy'],
  [{ detail: 'CUDA' }, 'inference.engine_failed'],
])('detects an error with status 200: %j', async (body, code) => {
  upstream.respond = (response) => json(response, body);
  await expect(embed(['a'])).rejects.toMatchObject({ code });
  await expect(rank(['a'])).rejects.toMatchObject({ code });
});

it.each([200, 201])('accepts a response with status %d and no content type', async (status) => {
  upstream.respond = (response) => void response.writeHead(status).end('{"data": [{"embedding": [1]}]}');
  expect((await embed(['a'])).values).toEqual([Float32Array.of(1)]);
});
