/**
 * `POST /v1/embeddings`, `/v1/rerank` and `/v1/score` on the wire. The meaning of embeddings is tested with the bundled model,
 * everything around an engine with the scripted one, whose embeddings are derived from the words of a text.
 */
import { bundledEmbeddings, scriptedPlatform, together } from '@xerotier/dev';
import OpenAI from 'openai';
import type { ApiResponse, ApiClient, ErrorBody } from './support/api-client.ts';
import { scripted } from './support/api-client.ts';
import { Ledger } from './support/ledger.ts';
import { addTenant } from './support/tenant.ts';
import { testPlatform } from './support/test-platform.ts';

const BUNDLED_DIMENSIONS = 192;
const SCRIPTED_DIMENSIONS = 64;
const TEXTS_MAX = 2_048;

const test = testPlatform(() => {
  const platform = together(scriptedPlatform({ workers: 2, slots: 4 }), bundledEmbeddings());
  const more = [
    { slug: 'vectors', modelId: 'scripted', tier: 'self_hosted', task: 'embed' },
    { slug: 'scores', modelId: 'scripted', tier: 'self_hosted', task: 'score' },
  ] as const;
  return { ...platform, endpoints: [...platform.endpoints, ...more] };
});

const ledger = (): Ledger => new Ledger(test.description.databaseUrl);
const at = (endpointSlug: string): ApiClient => test.api.with({ endpointSlug });

interface Usage {
  readonly prompt_tokens: number;
  readonly total_tokens: number;
}

interface Embeddings {
  readonly object: string;
  readonly model: string;
  readonly data: readonly { readonly index: number; readonly embedding: number[] }[];
  readonly usage: Usage;
}

interface Ranking {
  readonly id: string;
  readonly model: string;
  readonly results: readonly { index: number; relevance_score: number; document?: { text: string } }[];
  readonly usage: Usage;
}

interface Scores {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  readonly model: string;
  readonly data: readonly { index: number; object: string; score: number }[];
  readonly usage: Usage;
}

async function expectOk<T>(response: Promise<ApiResponse<T>>): Promise<ApiResponse<T>> {
  const { status, body } = await response;
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return response;
}

function embed(api: ApiClient, input: unknown, params: object = {}): Promise<ApiResponse<Embeddings>> {
  const body = { model: 'any', input, ...params };
  return expectOk(api.request<Embeddings>('POST', `${api.endpointUrl}/embeddings`, 'CreateEmbeddingResponse', body));
}

/** Requests embeddings as base64, for which the OpenAI document has no schema, and decodes them. */
async function embedBase64(api: ApiClient, input: unknown): Promise<number[][]> {
  const body = { model: 'any', input, encoding_format: 'base64' };
  const response = await expectOk(
    api.request<{ data: { embedding: string }[] }>('POST', `${api.endpointUrl}/embeddings`, undefined, body),
  );
  return response.body.data.map(({ embedding }) => {
    const bytes = Buffer.from(embedding, 'base64');
    return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
  });
}

const rank = <T = Ranking>(api: ApiClient, body: object, route = 'v1/rerank'): Promise<ApiResponse<T>> =>
  expectOk(api.request<T>('POST', api.endpointUrl.replace(/v1$/, route), undefined, { model: 'any', ...body }));

const score = (api: ApiClient, body: object): Promise<ApiResponse<Scores>> => rank<Scores>(api, body, 'v1/score');

async function rejected(api: ApiClient, route: string, body: object): Promise<ApiResponse<ErrorBody>> {
  const url = `${api.endpointUrl}/${route}`;
  const response = await api.request<ErrorBody>('POST', url, undefined, { model: 'any', ...body });
  if (response.status === 200) throw new Error(`expected a rejected request, got: ${JSON.stringify(response.body)}`);
  return response;
}

const vectorsOf = ({ body }: ApiResponse<Embeddings>): number[][] => body.data.map(({ embedding }) => embedding);
const normOf = (vector: readonly number[]): number => Math.hypot(...vector);
const dotProduct = (a: readonly number[] = [], b: readonly number[] = []): number =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
const words = (count: number): string => Array.from({ length: count }, (_, i) => `word${i}`).join(' ');

describe.each([
  ['the bundled model', 'embed', 'xero-embed', BUNDLED_DIMENSIONS],
  ['the scripted engine', 'vectors', 'scripted', SCRIPTED_DIMENSIONS],
])('embeddings of %s', (_, slug, model, dimensions) => {
  const texts = ['The cat sat on the mat.', 'Ünïcödé 😀 too', 'Bread is baked from flour.'];

  it('are returned in the order of the inputs, with the dimensions of the model and a norm of 1', async () => {
    const response = await embed(at(slug), texts);
    expect(response.body).toMatchObject({ object: 'list', model });
    expect(response.body.data.map(({ index }) => index)).toEqual([0, 1, 2]);
    for (const [i, text] of texts.entries()) {
      const [alone] = vectorsOf(await embed(at(slug), text));
      expect(alone).toHaveLength(dimensions);
      expect(normOf(alone ?? [])).toBeCloseTo(1, 5);
      expect(dotProduct(alone, vectorsOf(response)[i])).toBeCloseTo(1, 5);
    }
  });

  it('are exactly the same in base64', async () => {
    expect(await embedBase64(at(slug), texts)).toEqual(vectorsOf(await embed(at(slug), texts)));
  });

  it('are decoded by the official SDK, which requests base64 by default', async () => {
    const client = new OpenAI({ baseURL: at(slug).endpointUrl, apiKey: test.description.apiKey });
    const { data } = await client.embeddings.create({ model, input: texts });
    expect(data.map(({ embedding }) => embedding)).toEqual(vectorsOf(await embed(at(slug), texts)));
  });

  it('count the tokens of all inputs', async () => {
    const alone = await Promise.all(texts.map((text) => embed(at(slug), text)));
    const { usage } = (await embed(at(slug), texts)).body;
    expect(usage.prompt_tokens).toBe(alone.reduce((sum, { body }) => sum + body.usage.prompt_tokens, 0));
    expect(usage).toEqual({ prompt_tokens: usage.total_tokens, total_tokens: usage.prompt_tokens });
    expect(usage.prompt_tokens).toBeGreaterThan(texts.length);
  });

  it('accept tokens: an array is one input, an array of arrays is several', async () => {
    const one = await embed(at(slug), [15, 16, 17]);
    const two = await embed(at(slug), [[15, 16, 17], [18]]);
    expect(one.body.data).toHaveLength(1);
    expect(one.body.usage.prompt_tokens).toBe(3);
    expect(two.body.usage.prompt_tokens).toBe(4);
    expect(vectorsOf(two)[0]).toEqual(vectorsOf(one)[0]);
    expect(vectorsOf(two)[1]).not.toEqual(vectorsOf(one)[0]);
  });

  it('accept the dimensions of the model', async () => {
    expect(vectorsOf(await embed(at(slug), 'a', { dimensions }))[0]).toHaveLength(dimensions);
  });

  it.each([
    ['other dimensions', { dimensions: 10 }, 'dimensions', 'invalid_request'],
    ['a token that the model does not have', { input: [[1], [1, 9_999_999]] }, 'input[1]', 'invalid_request'],
  ])('reject %s by name', async (_name, body, param, code) => {
    const response = await rejected(at(slug), 'embeddings', { input: 'a', ...body });
    expect([response.status, response.body.error]).toMatchObject([400, { type: 'invalid_request_error', param, code }]);
  });

  it('have the worker id and the request id in their headers', async () => {
    const { headers, requestId } = await embed(at(slug), 'a');
    expect(headers.get('x-xerotier-worker-id')).toMatch(/./);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(requestId).toMatch(/^req_/);
  });

  it('are in the ledger once, with the usage of the response', async () => {
    const { requestId, body } = await embed(at(slug), texts);
    expect(await ledger().settledWithKind(requestId)).toEqual([
      {
        request_id: requestId,
        kind: 'embedding',
        outcome: 'completed',
        streamed: false,
        prompt_tokens: body.usage.prompt_tokens,
        cached_tokens: 0,
        completion_tokens: 0,
      },
    ]);
  });
});

describe('embedding request', () => {
  it.each([
    ['no input', {}, 'input'],
    ['an empty string', { input: '' }, 'input'],
    ['an empty array', { input: [] }, 'input'],
    ['an empty string among others', { input: ['a', ''] }, 'input[1]'],
    ['an empty array of tokens', { input: [[1], []] }, 'input[1]'],
    ['a negative token', { input: [1, -1] }, 'input[1]'],
    ['a fractional token', { input: [1.5] }, 'input[0]'],
    ['strings and tokens mixed', { input: ['a', [1]] }, 'input[1]'],
    ['an object', { input: { text: 'a' } }, 'input'],
    ['null', { input: null }, 'input'],
    ['too many inputs', { input: Array.from({ length: TEXTS_MAX + 1 }, () => 'a') }, 'input'],
    ['an unknown encoding', { input: 'a', encoding_format: 'hex' }, 'encoding_format'],
    ['zero dimensions', { input: 'a', dimensions: 0 }, 'dimensions'],
    ['negative dimensions', { input: 'a', dimensions: -1 }, 'dimensions'],
    ['fractional dimensions', { input: 'a', dimensions: 1.5 }, 'dimensions'],
    ['an empty model', { input: 'a', model: '' }, 'model'],
  ])('with %s returns 400 with its param', async (_, body, param) => {
    const { status, body: response } = await rejected(at('vectors'), 'embeddings', body);
    expect([status, response.error]).toMatchObject([400, { type: 'invalid_request_error', param }]);
  });

  it('with an input longer than the context returns 400 with the index of the input', async () => {
    const { status, body } = await rejected(at('embed'), 'embeddings', { input: ['short', words(600)] });
    expect([status, body.error]).toMatchObject([400, { code: 'context_length_exceeded', param: 'input[1]' }]);
    const alone = await rejected(at('embed'), 'embeddings', { input: words(600) });
    expect(alone.body.error.param).toBe('input');
  });

  it('with more total tokens than the specification allows returns 400 with the index of the first excess input', async () => {
    const input = Array.from({ length: 1_000 }, () => words(120));
    const { status, body } = await rejected(at('embed'), 'embeddings', { input });
    expect([status, body.error]).toMatchObject([
      400,
      { type: 'invalid_request_error', param: expect.stringMatching(/^input\[[1-9]\d+\]$/) },
    ]);
    expect(body.error.message).toContain('300000');
  });

  it('accepts an input that fills the context exactly', async () => {
    const tokens = Array.from({ length: 512 }, () => 100);
    expect((await embed(at('embed'), tokens)).body.usage.prompt_tokens).toBe(512);
    const { body } = await rejected(at('embed'), 'embeddings', { input: [...tokens, 100] });
    expect(body.error).toMatchObject({ code: 'context_length_exceeded', param: 'input' });
  });

  it('treats null in an optional field as absent', async () => {
    const nulls = { encoding_format: null, dimensions: null, user: null };
    expect(vectorsOf(await embed(at('vectors'), 'a', nulls))).toEqual(vectorsOf(await embed(at('vectors'), 'a')));
  });

  it('accepts as many inputs as the specification allows, and returns all embeddings in order', async () => {
    const inputs = Array.from({ length: TEXTS_MAX }, (_, i) => `text number${i}`);
    const response = await embed(at('vectors'), inputs);
    expect(response.body.data.map(({ index }) => index)).toEqual(inputs.map((_, i) => i));
    expect(response.body.usage.prompt_tokens).toBe(2 * TEXTS_MAX);
    for (const i of [0, 1_000, TEXTS_MAX - 1]) {
      expect(vectorsOf(response)[i]).toEqual(vectorsOf(await embed(at('vectors'), inputs[i]))[0]);
    }
    expect(await ledger().settledWithKind(response.requestId)).toHaveLength(1);
  });

  it('at the base URL of the project is served by the endpoint that the model selects', async () => {
    const api = at('vectors');
    const embedWith = (model: string): Promise<ApiResponse<Embeddings>> =>
      api.request('POST', `${api.projectUrl}/embeddings`, undefined, { model, input: 'a' });
    for (const [name, size] of [
      ['embed', BUNDLED_DIMENSIONS],
      ['xero-embed', BUNDLED_DIMENSIONS],
      ['vectors', SCRIPTED_DIMENSIONS],
      // Of the three endpoints of this model, only one has the task embed.
      ['scripted', SCRIPTED_DIMENSIONS],
    ] as const) {
      expect(vectorsOf(await embedWith(name))[0]).toHaveLength(size);
    }
    expect(await embedWith('nothing')).toMatchObject({
      status: 404,
      body: { error: { code: 'model_not_found', param: 'model' } },
    });
    expect(await embedWith('chat')).toMatchObject({
      status: 400,
      body: { error: { code: 'wrong_task_mode', param: 'model' } },
    });
  });

  it('is retried on another worker when its worker is killed', async () => {
    const inputs = Array.from({ length: 150 }, (_, i) => `[[script {"delayMs":20}]] ${i}`);
    const pending = embed(at('vectors'), inputs);
    const busy = await test.fleet.busyWorker();
    const worker = test.platform.services.find(({ facts }) => facts['workerId'] === busy.workerId);
    await worker?.kill('SIGKILL');
    const response = await pending;
    await worker?.start();
    expect(response.headers.get('x-xerotier-worker-id')).not.toBe(busy.workerId);
    expect(response.body.data).toHaveLength(inputs.length);
    expect(await ledger().settledWithKind(response.requestId)).toMatchObject([{ outcome: 'completed' }]);
  });

  it('is stopped when its client disconnects', async () => {
    const abort = new AbortController();
    const api = at('vectors');
    const inputs = Array.from({ length: 1_000 }, () => '[[script {"delayMs":20}]]');
    const outcome = api
      .request(
        'POST',
        `${api.endpointUrl}/embeddings`,
        undefined,
        { model: 'any', input: inputs },
        { signal: abort.signal },
      )
      .catch(() => 'aborted');
    await test.fleet.busyWorker();
    abort.abort();
    expect(await outcome).toBe('aborted');
    await test.fleet.allIdle();
  });

  it('returns 500 when the engine fails', async () => {
    const { status, body } = await rejected(at('vectors'), 'embeddings', { input: ['[[script {"failAfter":0}]]'] });
    expect([status, body.error]).toMatchObject([500, { type: 'server_error', code: 'engine_error' }]);
  });
});

describe('endpoint', () => {
  it.each([
    ['chat', 'embeddings', { input: 'a' }, "'embed'"],
    ['scores', 'embeddings', { input: 'a' }, "'embed'"],
    ['chat', 'rerank', { query: 'a', documents: ['b'] }, "'score' or 'embed'"],
    ['chat', 'score', { text_1: 'a', text_2: 'b' }, "'score' or 'embed'"],
    ['embed', 'chat/completions', scripted({}), "'generate'"],
    ['scores', 'chat/completions', scripted({}), "'generate'"],
  ])("'%s' rejects %s, which is not its task", async (slug, route, body, needed) => {
    const { status, body: response } = await rejected(at(slug), route, body);
    expect([status, response.error]).toMatchObject([
      400,
      { type: 'invalid_request_error', code: 'wrong_task_mode', param: 'model' },
    ]);
    expect(response.error.message).toContain(`'${slug}'`);
    expect(response.error.message).toContain(needed);
  });

  it('of another project returns 404, whatever project the API key belongs to', async () => {
    const tenant = await addTenant(test.platform, 'scripted');
    const theirs = at('vectors').with({ apiKey: tenant.apiKey });
    expect((await rejected(theirs, 'embeddings', { input: 'a' })).body.error.code).toBe('project_not_found');
    const inOwnProject = theirs.with({ projectId: tenant.projectId });
    expect(await rejected(inOwnProject, 'embeddings', { input: 'a' })).toMatchObject({
      status: 404,
      body: { error: { code: 'endpoint_not_found' } },
    });
    const byName = await inOwnProject.request<ErrorBody>('POST', `${inOwnProject.projectUrl}/embeddings`, undefined, {
      model: 'xero-embed',
      input: 'a',
    });
    expect(byName).toMatchObject({ status: 404, body: { error: { code: 'model_not_found' } } });
  });
});

const QUERY = 'How do I reset my password?';
const RIGHT = 'I forgot my password, how can I change it?';
const DOCUMENTS = ['The cat sat on the mat.', 'Bread is baked from flour.', RIGHT, 'What is the capital of France?'];

describe('rerank', () => {
  it('ranks the relevant document first with the bundled model', async () => {
    const { body, headers } = await rank(at('embed'), { query: QUERY, documents: DOCUMENTS });
    expect(body).toMatchObject({ id: expect.stringMatching(/^rerank-/), model: 'xero-embed' });
    expect(body.results[0]).toMatchObject({ index: 2, document: { text: RIGHT } });
    const scores = body.results.map((result) => result.relevance_score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    for (const value of scores) expect(value >= 0 && value <= 1).toBe(true);
    expect(body.results.map(({ index }) => index).toSorted()).toEqual([0, 1, 2, 3]);
    expect(body.usage.prompt_tokens).toBe(body.usage.total_tokens);
    expect(headers.get('x-xerotier-worker-id')).toMatch(/./);
  });

  it.each(['scores', 'vectors'])("is served by the endpoint '%s'", async (slug) => {
    const { body } = await rank(at(slug), { query: 'red apple', documents: ['blue car', 'red apple', 'red car'] });
    expect(body.results.map(({ index }) => index)).toEqual([1, 2, 0]);
    expect(body.results[0]?.relevance_score).toBeCloseTo(1, 6);
    expect(body.usage.prompt_tokens).toBe(8);
  });

  it('returns top_n results, and never more than there are documents', async () => {
    const rankTop = async (topN?: number | null): Promise<number[]> =>
      (await rank(at('scores'), { query: 'b', documents: ['a', 'b', 'c'], top_n: topN })).body.results.map(
        ({ index }) => index,
      );
    const all = await rankTop();
    expect(all).toHaveLength(3);
    expect(await rankTop(null)).toEqual(all);
    expect(await rankTop(99)).toEqual(all);
    expect(await rankTop(1)).toEqual([1]);
  });

  it.each(['embed', 'scores'])("truncates documents to max_tokens_per_doc at '%s'", async (slug) => {
    const documents = [`${RIGHT} ${words(600)}`, 'Bread'];
    const rankTruncated = (max: number): Promise<ApiResponse<Ranking>> =>
      rank(at(slug), { query: QUERY, documents, max_tokens_per_doc: max });
    const [few, more] = [await rankTruncated(8), await rankTruncated(20)];
    const whole = await rank(at(slug), { query: QUERY, documents: ['Bread', 'Bread'] });
    // Special tokens around a text, if the model has any, are the same in all of them.
    expect(more.body.usage.prompt_tokens - few.body.usage.prompt_tokens).toBe(12);
    expect(few.body.usage.prompt_tokens).toBeGreaterThan(whole.body.usage.prompt_tokens);
    expect(few.body.results).toHaveLength(2);
  });

  it('accepts documents as objects, and omits them from the response with return_documents false', async () => {
    const asTexts = await rank(at('scores'), { query: 'b', documents: ['a', 'b'] });
    const asObjects = await rank(at('scores'), { query: 'b', documents: [{ text: 'a' }, { text: 'b' }] });
    expect(asObjects.body.results).toEqual(asTexts.body.results);
    const bare = await rank(at('scores'), { query: 'b', documents: ['a', 'b'], return_documents: false });
    expect(bare.body.results.every((result) => !('document' in result))).toBe(true);
  });

  it('returns the same at /v1 and /v2, and at the base URL of the project', async () => {
    const body = { query: 'b', documents: ['a', 'b'] };
    const one = (await rank(at('scores'), body)).body.results;
    expect((await rank(at('scores'), body, 'v2/rerank')).body.results).toEqual(one);
    for (const version of ['v1', 'v2']) {
      const url = at('scores').projectUrl.replace(/v1$/, `${version}/rerank`);
      const response = await at('scores').request<Ranking>('POST', url, undefined, { model: 'scores', ...body });
      expect(response.body.results).toEqual(one);
    }
  });

  it.each([
    ['no query', { documents: ['a'] }, 'query'],
    ['an empty query', { query: '', documents: ['a'] }, 'query'],
    ['no documents', { query: 'a', documents: [] }, 'documents'],
    ['null documents', { query: 'a', documents: null }, 'documents'],
    ['a number as documents', { query: 'a', documents: 123 }, 'documents'],
    ['numbers as documents', { query: 'a', documents: [1, 2] }, 'documents[0]'],
    ['an empty document', { query: 'a', documents: ['a', { text: '' }] }, 'documents[1]'],
    ['too many documents', { query: 'a', documents: Array.from({ length: TEXTS_MAX + 1 }, () => 'a') }, 'documents'],
    ['top_n of zero', { query: 'a', documents: ['a'], top_n: 0 }, 'top_n'],
    ['max_tokens_per_doc of zero', { query: 'a', documents: ['a'], max_tokens_per_doc: 0 }, 'max_tokens_per_doc'],
    ['rank_fields', { query: 'a', documents: ['a'], rank_fields: ['title'] }, 'rank_fields'],
  ])('with %s returns 400 with its param', async (_, body, param) => {
    const { status, body: response } = await rejected(at('scores'), 'rerank', body);
    expect([status, response.error]).toMatchObject([400, { type: 'invalid_request_error', param }]);
  });

  it.each([
    ['query', { query: words(600), documents: ['a'] }],
    ['documents[1]', { query: 'a', documents: ['a', words(600)] }],
  ])('with %s longer than the context returns 400 with its param', async (param, body) => {
    const { status, body: response } = await rejected(at('embed'), 'rerank', body);
    expect([status, response.error]).toMatchObject([400, { code: 'context_length_exceeded', param }]);
    expect(response.error.message).toContain(`'${param}'`);
  });

  it('is in the ledger once, with its kind', async () => {
    const { requestId, body } = await rank(at('scores'), { query: 'a', documents: ['b', 'c'] });
    expect(await ledger().settledWithKind(requestId)).toMatchObject([
      { kind: 'rerank', outcome: 'completed', prompt_tokens: body.usage.prompt_tokens, completion_tokens: 0 },
    ]);
  });
});

describe('score', () => {
  it.each([
    ['one pair', { text_1: 'a b', text_2: 'a b' }, [1]],
    ['one text and many', { queries: 'a b', documents: ['a b', 'c d', 'a b'] }, [1, undefined, 1]],
    ['an array of one text and many', { queries: ['a b'], documents: ['c d', 'a b'] }, [undefined, 1]],
    ['pairs', { data_1: ['a b', 'c d'], data_2: ['a b', 'c d'] }, [1, 1]],
  ])('returns the scores of %s in order', async (_, body, expected) => {
    const response = (await score(at('scores'), body)).body;
    expect(response).toMatchObject({ id: expect.stringMatching(/^score-/), object: 'list', model: 'scripted' });
    expect(Number.isInteger(response.created)).toBe(true);
    expect(response.data.map(({ index, object }) => [index, object])).toEqual(
      expected.map((_score, i) => [i, 'score']),
    );
    for (const [i, value] of expected.entries()) {
      if (value === undefined) expect(response.data[i]?.score).toBeLessThan(0.9);
      else expect(response.data[i]?.score).toBeCloseTo(value, 6);
    }
    expect(response.usage.prompt_tokens).toBe(response.usage.total_tokens);
  });

  it.each([
    ['two and three', { text_1: ['a', 'b'], text_2: ['a', 'b', 'c'] }, 'text_1'],
    ['two and one', { queries: ['a', 'b'], documents: 'a' }, 'queries'],
    ['one side only', { text_1: 'a' }, 'text_2'],
    ['no side', {}, 'text_1'],
    ['fields of two forms', { text_1: 'a', documents: ['b'] }, 'text_2'],
    ['both forms', { text_1: 'a', text_2: 'b', data_1: 'c' }, 'data_1'],
    ['an empty side', { text_1: 'a', text_2: [] }, 'text_2'],
    ['an empty string', { text_1: 'a', text_2: [''] }, 'text_2[0]'],
  ])('of %s returns 400 with its param', async (_, body, param) => {
    const { status, body: response } = await rejected(at('scores'), 'score', body);
    expect([status, response.error]).toMatchObject([400, { type: 'invalid_request_error', param }]);
  });

  it('of a text longer than the context returns 400 with the field of the request', async () => {
    const { body } = await rejected(at('embed'), 'score', { text_1: 'a', text_2: ['b', words(600)] });
    expect(body.error).toMatchObject({ code: 'context_length_exceeded', param: 'text_2[1]' });
  });

  it('is in the ledger once, with its kind', async () => {
    const { requestId } = await score(at('scores'), { text_1: 'a', text_2: ['b', 'c'] });
    expect(await ledger().settledWithKind(requestId)).toMatchObject([{ kind: 'score', outcome: 'completed' }]);
  });
});
