/** Embeddings of the bundled model, as each client library requests them: in its encoding, one text or several. */
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { OpenAIEmbeddings } from '@langchain/openai';
import { bundledPlatform } from '@xerotier/dev';
import { embed, embedMany } from 'ai';
import type { EmbeddingModel } from 'ai';
import OpenAI from 'openai';
import { join } from 'node:path';
import { runProgram } from '../support/program.ts';
import { bytecodeFolder, preparePython, pythonFolder } from '../support/python.ts';
import type { Python } from '../support/python.ts';
import { recordedConnection } from '../support/recorded-fetch.ts';
import type { RecordedConnection } from '../support/recorded-fetch.ts';
import { testPlatform } from '../support/test-platform.ts';

/** The second text has the meaning of the first one; the third is unrelated. */
const TEXTS = [
  'How do I reset my password?',
  'I forgot my password and need a new one.',
  'The cat sleeps on the sofa.',
];
const MODEL = 'xero-embed';
const DIMENSIONS = 192;

const newest = await preparePython('requirements.txt');
const llamaIndex = await preparePython('requirements-llama-index.txt');
const missing = newest.missing ?? llamaIndex.missing;
const withPython = missing === undefined ? it : it.skip; // reason: a machine may have no Python, or no way to PyPI
const reason = missing === undefined ? '' : ` [skipped: ${missing}]`;

const test = testPlatform(() => bundledPlatform());

function connection(): RecordedConnection {
  const { endpointUrl } = test.api.with({ endpointSlug: 'embed' });
  return recordedConnection(endpointUrl, test.description.apiKey);
}

function cosine(one: readonly number[], other: readonly number[]): number {
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, x, at) => sum + x * (b[at] ?? 0), 0);
  return dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other));
}

/** Expects the embeddings of {@link TEXTS}, in their order. */
function expectSimilarity(vectors: readonly (readonly number[])[]): void {
  expect(vectors.map(({ length }) => length)).toEqual(TEXTS.map(() => DIMENSIONS));
  const [first, alike, other] = vectors as [number[], number[], number[]];
  expect(cosine(first, first)).toBeCloseTo(1, 5);
  expect(cosine(first, alike)).toBeGreaterThan(cosine(first, other) + 0.1);
}

/** Expects the same embedding, up to rounding: encoding and batch may change the last digits. */
function expectSame(one: readonly number[], other: readonly number[]): void {
  expect(one).toHaveLength(DIMENSIONS);
  expect(cosine(one, other)).toBeGreaterThan(0.9999);
  expect(Math.hypot(...one)).toBeCloseTo(Math.hypot(...other), 3);
}

describe('embeddings with openai', () => {
  it('are the same as base64, its default, and as floats', async () => {
    const { sent, ...options } = connection();
    const client = new OpenAI({ ...options, maxRetries: 0 });
    const encoded = await client.embeddings.create({ model: MODEL, input: TEXTS });
    const plain = await client.embeddings.create({ model: MODEL, input: TEXTS, encoding_format: 'float' });
    expect(sent.map(({ encoding_format: format }) => format)).toEqual(['base64', 'float']);
    expectSimilarity(encoded.data.map(({ embedding }) => embedding));
    for (const [at, { embedding, index }] of plain.data.entries()) {
      expect(index).toBe(at);
      expectSame(embedding, encoded.data[at]?.embedding ?? []);
    }
    expect(encoded.usage.prompt_tokens).toBeGreaterThan(TEXTS.length);
    expect(encoded.usage).toEqual(plain.usage);
  });

  it("are returned by the project's base URL, where the model selects the endpoint", async () => {
    const { sent: _, ...options } = connection();
    const client = new OpenAI({ ...options, baseURL: test.api.projectUrl, maxRetries: 0 });
    const { data, model } = await client.embeddings.create({ model: MODEL, input: TEXTS[0] ?? '' });
    expect([data.length, model]).toEqual([1, MODEL]);
  });
});

describe.each<[string, (to: ReturnType<typeof connection>) => EmbeddingModel]>([
  [
    '@ai-sdk/openai-compatible',
    ({ sent: _, ...options }) => createOpenAICompatible({ ...options, name: 'xerotier' }).embeddingModel(MODEL),
  ],
  ['@ai-sdk/openai', ({ sent: _, ...options }) => createOpenAI(options).embeddingModel(MODEL)],
])('embeddings with ai and %s', (_, modelOf) => {
  it('are returned for one text and for many', async () => {
    const to = connection();
    const model = modelOf(to);
    const { embeddings, usage } = await embedMany({ model, values: TEXTS, maxRetries: 0 });
    expectSimilarity(embeddings);
    expect(usage.tokens).toBeGreaterThan(TEXTS.length);
    const single = await embed({ model, value: TEXTS[0] ?? '', maxRetries: 0 });
    expectSame(single.embedding, embeddings[0] ?? []);
    expect(to.sent).toMatchObject([{ input: TEXTS, encoding_format: 'float' }, { input: [TEXTS[0]] }]);
  });
});

describe('embeddings with @langchain/openai', () => {
  it('are returned for documents and for a query', async () => {
    const { sent, apiKey, baseURL, fetch } = connection();
    const embeddings = new OpenAIEmbeddings({ model: MODEL, apiKey, maxRetries: 0, configuration: { baseURL, fetch } });
    const documents = await embeddings.embedDocuments(TEXTS);
    expectSimilarity(documents);
    expectSame(await embeddings.embedQuery(TEXTS[0] ?? ''), documents[0] ?? []);
    expect(sent).toMatchObject([{ input: TEXTS }, { input: TEXTS[0] }]);
  });
});

describe(`embeddings in Python${reason}`, () => {
  interface ScriptResult {
    readonly value?: { readonly vectors: number[][]; readonly query: number[] };
    readonly error?: string;
  }

  async function runScript(python: Python, name: string): Promise<ScriptResult> {
    const { code, stdout, stderr } = await runProgram(
      python.missing ?? python.path,
      [join(pythonFolder, 'embeddings.py'), name],
      {
        env: {
          PATH: process.env['PATH'],
          HOME: process.env['HOME'],
          PYTHONPYCACHEPREFIX: bytecodeFolder,
          XEROTIER_BASE_URL: connection().baseURL,
          XEROTIER_API_KEY: test.description.apiKey,
          XEROTIER_MODEL: MODEL,
        },
      },
    );
    process.stderr.write(stderr);
    if (code !== 0) throw new Error(`embeddings.py exited with code ${code}`);
    const results = JSON.parse(stdout) as Record<string, ScriptResult>;
    return results[name] ?? {};
  }

  withPython.each([
    ['openai 3, with strict validation of numbers', 'with_openai', newest],
    ['openai 2, with strict validation of numbers', 'with_openai', llamaIndex],
    ['langchain-openai', 'with_langchain', newest],
    ['llama-index-embeddings-openai', 'with_llama_index', llamaIndex],
  ])('are returned with %s', async (_, name, python) => {
    const { value, error } = await runScript(python, name);
    expect(error).toBeUndefined();
    expectSimilarity(value?.vectors ?? []);
    expectSame(value?.query ?? [], value?.vectors[0] ?? []);
  });
});
