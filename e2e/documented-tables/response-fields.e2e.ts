/** One test per row of the documented tables of response fields, with and without stream, on the engines `llama` and `openai`. */
import type { ChatBody } from '../support/api-client.ts';
import { withPrompt, choiceOf, bundledBody, documentedPlatform } from '../support/documented-platform.ts';
import type { Fields } from '../support/documented-platform.ts';
import { documentedTable, testEachRow } from '../support/documented-table.ts';
import type { Json } from '../support/recorded-exchanges.ts';

const { at, upstream, bundled } = documentedPlatform({
  endpoints: [{ slug: 'shared', modelId: 'upstream', tier: 'gpu_nvidia_shared' }],
});

const SUM = withPrompt('What is 24 + 31?');

async function chunksOf(slug: string, params: ChatBody): Promise<Fields[]> {
  const stream = await at(slug).stream(bundledBody(params));
  expect(await stream.ended).toBe('done');
  expect(stream.chunks.length).toBeGreaterThan(0);
  return stream.chunks;
}

/** Returns the usage without and with stream. */
async function usagesOf(slug: string, params: ChatBody = {}): Promise<Fields[]> {
  const whole = await at(slug).chat(bundledBody(params));
  const chunks = await chunksOf(slug, { ...params, stream_options: { include_usage: true } });
  return [whole.body.usage, chunks.at(-1)?.['usage'] as Fields];
}

const COMMON = { id: 'chatcmpl-1', created: 0, model: 'upstream-model' };
const USAGE = {
  prompt_tokens: 50,
  completion_tokens: 20,
  total_tokens: 70,
  prompt_tokens_details: { cached_tokens: 40 },
  completion_tokens_details: { reasoning_tokens: 9, accepted_prediction_tokens: 3, rejected_prediction_tokens: 2 },
};

/** Sets the next completion of the upstream behind the engine `openai`. */
function replyWith(choice: Json, more: Json = {}): void {
  const choices = [{ index: 0, finish_reason: 'stop', ...choice }];
  upstream.reply = {
    stream: false,
    bodies: [{ ...COMMON, object: 'chat.completion', choices, usage: USAGE, ...more }],
  };
}

/** Sets the next stream of the upstream behind the engine `openai`. */
function streamDeltas(deltas: readonly Json[], more: Json = {}): void {
  const chunk = { ...COMMON, object: 'chat.completion.chunk', ...more };
  const pieces = deltas.map((delta) => ({ index: 0, finish_reason: null, ...delta }));
  upstream.reply = {
    stream: true,
    bodies: [
      ...[...pieces, { index: 0, delta: {}, finish_reason: 'stop' }].map((piece) => ({ ...chunk, choices: [piece] })),
      { ...chunk, choices: [], usage: USAGE },
    ],
  };
}

const deltasOf = (chunks: readonly Fields[]): Fields[] =>
  chunks.flatMap(({ choices }) => choices as Fields[]).map(({ delta }) => delta as Fields);

const cached = async (): Promise<void> => {
  const prompt = withPrompt(`Hello! ${'My name is Ada. '.repeat(8)} What is my name?`);
  await bundled(prompt);
  for (const { prompt_tokens_details: details } of await usagesOf('bundled', prompt))
    expect(details.cached_tokens).toBeGreaterThan(20);
  replyWith({ message: { role: 'assistant', content: 'Hello' } });
  expect((await at('chat').chat(bundledBody())).body.usage.prompt_tokens_details.cached_tokens).toBe(40);
};

const adjustedEffort = async (): Promise<void> => {
  const body = { ...SUM, reasoning_effort: 'high' };
  expect((await bundled(body)).body).toMatchObject({ x_adjusted_reasoning_effort: 'medium' });
  for (const chunk of await chunksOf('bundled', body)) expect(chunk['x_adjusted_reasoning_effort']).toBe('medium');
  expect((await at('chat').chat(bundledBody(body))).body).toMatchObject({ x_adjusted_reasoning_effort: 'high' });
};

testEachRow('SDK & Integrations: Supported response fields', {
  async service_tier() {
    for (const [slug, tier] of [
      ['bundled', 'self_hosted'],
      ['shared', 'gpu_nvidia_shared'],
    ] as const) {
      expect((await at(slug).chat(bundledBody())).body.service_tier).toBe(tier);
      for (const chunk of await chunksOf(slug, { stream_options: { include_usage: true } }))
        expect(chunk['service_tier']).toBe(tier);
    }
  },

  async system_fingerprint() {
    const { system_fingerprint: fingerprint } = (await bundled()).body;
    expect(fingerprint).toMatch(/^fp_\w+$/);
    for (const chunk of await chunksOf('bundled', {})) expect(chunk['system_fingerprint']).toBe(fingerprint);
    replyWith({ message: { role: 'assistant', content: 'Hello' } }, { system_fingerprint: 'fp_theirs' });
    expect((await at('chat').chat(bundledBody())).body.system_fingerprint).toBe('fp_theirs');
    streamDeltas([{ delta: { role: 'assistant', content: 'Hello' } }], { system_fingerprint: 'fp_theirs' });
    for (const chunk of await chunksOf('chat', {})) expect(chunk['system_fingerprint']).toBe('fp_theirs');
  },

  async 'message.refusal'() {
    expect(choiceOf(await bundled())['message']).toMatchObject({ refusal: null });
    replyWith({ message: { role: 'assistant', content: null, refusal: 'I cannot help with that.' } });
    expect(choiceOf(await at('chat').chat(bundledBody()))['message']).toMatchObject({
      content: null,
      refusal: 'I cannot help with that.',
    });
    streamDeltas([{ delta: { role: 'assistant', refusal: 'I cannot ' } }, { delta: { refusal: 'help with that.' } }]);
    const fragments = deltasOf(await chunksOf('chat', {})).map(({ refusal }) => refusal ?? '');
    expect(fragments.join('')).toBe('I cannot help with that.');
  },

  async 'message.annotations'() {
    expect(choiceOf(await bundled())['message'].annotations).toEqual([]);
    replyWith({ message: { role: 'assistant', content: 'Hello' } });
    expect(choiceOf(await at('chat').chat(bundledBody()))['message'].annotations).toEqual([]);
    const citation = {
      type: 'url_citation',
      url_citation: { url: 'https://example.com', title: 'Example', start_index: 0, end_index: 5 },
    };
    replyWith({ message: { role: 'assistant', content: 'Hello', annotations: [citation] } });
    expect(choiceOf(await at('chat').chat(bundledBody()))['message'].annotations).toEqual([citation]);
    streamDeltas([{ delta: { role: 'assistant', content: 'Hello' } }, { delta: { annotations: [citation] } }]);
    expect(deltasOf(await chunksOf('chat', {})).flatMap(({ annotations }) => annotations ?? [])).toEqual([citation]);
  },

  async logprobs() {
    const body = { logprobs: true, top_logprobs: 2, temperature: 1 };
    const { logprobs } = choiceOf(await bundled(body));
    expect(logprobs).toEqual({ content: expect.any(Array), refusal: null });
    for (const entry of logprobs.content as Fields[]) {
      expect(entry).toEqual({
        token: expect.any(String),
        logprob: expect.any(Number),
        bytes: expect.any(Array),
        top_logprobs: expect.any(Array),
      });
    }
    const streamed = (await chunksOf('bundled', { ...body, temperature: 0 })).flatMap(
      ({ choices }) => choices as Fields[],
    );
    expect(streamed.flatMap((choice) => choice['logprobs']?.content ?? []).length).toBeGreaterThan(3);
    const entry = { token: 'No', logprob: -0.5, bytes: [78, 111], top_logprobs: [] };
    replyWith({
      message: { role: 'assistant', content: null, refusal: 'No' },
      logprobs: { content: null, refusal: [entry] },
    });
    expect(choiceOf(await at('chat').chat(bundledBody(body)))['logprobs']).toEqual({ content: null, refusal: [entry] });
  },

  'usage.prompt_tokens_details': cached,

  async 'usage.completion_tokens_details'() {
    const body = { ...SUM, prediction: { type: 'content', content: '55 zzz' } };
    for (const { completion_tokens_details: details } of await usagesOf('bundled', body)) {
      expect(details.reasoning_tokens).toBeGreaterThan(0);
      expect(details.accepted_prediction_tokens).toBeGreaterThan(0);
      expect(details.rejected_prediction_tokens).toBeGreaterThan(0);
    }
    replyWith({ message: { role: 'assistant', content: 'Hello' } });
    expect((await at('chat').chat(bundledBody())).body.usage).toMatchObject(USAGE);
    streamDeltas([{ delta: { role: 'assistant', content: 'Hello' } }]);
    expect((await chunksOf('chat', { stream_options: { include_usage: true } })).at(-1)?.['usage']).toMatchObject(
      USAGE,
    );
  },

  x_adjusted_reasoning_effort: adjustedEffort,
});

testEachRow('SDK & Integrations: Response Fields Beyond OpenAI', {
  x_adjusted_reasoning_effort: adjustedEffort,
  'usage.prompt_tokens_details.cached_tokens': cached,
});

it('API Reference: Message Object: a message has a role and a content', async () => {
  expect(documentedTable('API Reference: Message Object').map(({ name }) => name)).toEqual(['role', 'content']);
  expect(choiceOf(await bundled())['message']).toMatchObject({
    role: 'assistant',
    content: 'The capital of France is Paris.',
  });
});
