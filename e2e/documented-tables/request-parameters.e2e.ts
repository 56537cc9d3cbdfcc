/**
 * One test per row of the documented table of request parameters: on the engine `llama` by its effect on a completion, on the
 * engine `openai` by what the upstream receives. Limits and rejected requests have their own suites.
 */
import { reasoningEffort } from '@xerotier/public-api/chat-completions';
import type { ChatBody } from '../support/api-client.ts';
import { FRANCE, FROM_THE_RESULT, HANNA, HANNA_AS_A_PERSON, LISBON } from '../support/bundled-model-requests.ts';
import { contentOf, expectError, hello } from '../support/chat-checks.ts';
import { withPrompt, choiceOf, bundledBody, documentedPlatform } from '../support/documented-platform.ts';
import type { Fields } from '../support/documented-platform.ts';
import { documentedTable, testEachRow } from '../support/documented-table.ts';
import { StoredClient } from '../support/stored-client.ts';

const { test, at, upstream, bundled, random, forwarded } = documentedPlatform();

const PARIS = 'The capital of France is Paris.';
const CLAMPED = 'x-xerotier-max-tokens-clamped';

const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Get the current weather in a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
const TIMER = {
  type: 'function',
  function: {
    name: 'set_timer',
    description: 'Set a timer',
    parameters: { type: 'object', properties: { minutes: { type: 'integer' } }, required: ['minutes'] },
  },
};
const tools = [WEATHER, TIMER];
const weather = { ...withPrompt(LISBON), tools };

const PERSON = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer' }, city: { type: 'string' } },
  required: ['name', 'age', 'city'],
  additionalProperties: false,
};

async function toolCallsOf(params: ChatBody): Promise<{ name: string; arguments: string }[]> {
  const { message } = choiceOf(await bundled({ ...weather, ...params }));
  return ((message.tool_calls ?? []) as { function: { name: string; arguments: string } }[]).map(
    (call) => call.function,
  );
}

/** Expects that a number within the limits reaches the upstream unchanged, and that others are rejected. */
async function expectNumber(param: string, within: number, beyond: readonly number[]): Promise<void> {
  expect(await forwarded({ [param]: within })).toMatchObject({ [param]: within });
  for (const value of beyond)
    expectError(await at('chat').rejected(hello({ [param]: value })), 400, 'invalid_request', param);
}

/** Expects that the limit is exact on both engines, and is clamped to the context with a header. */
async function expectLimit(param: string): Promise<void> {
  const { body } = await bundled({ max_tokens: undefined, [param]: 3 });
  expect([body.usage.completion_tokens, body.choices[0]?.finish_reason]).toEqual([3, 'length']);
  expect(await forwarded({ [param]: 5 })).toMatchObject({ [param]: 5 });
  const clamped = await bundled({ max_tokens: undefined, [param]: 1_000_000 });
  expect([contentOf(clamped), clamped.headers.get(CLAMPED)]).toEqual([PARIS, '1000000']);
}

/** Expects that the penalty changes the repetitions of the model with random weights. */
async function expectPenalty(param: string): Promise<void> {
  await expectNumber(param, 1.5, [-2.1, 2.1]);
  await expectNumber(param, -2, []);
  const generated = async (penalty: number): Promise<string> =>
    contentOf(await random({ ...withPrompt('aaaa'), max_tokens: 48, logit_bias: REPEATS, [param]: penalty }));
  expect(await generated(2)).not.toBe(await generated(0));
  expect(await generated(2)).toBe(await generated(2));
}

/** Makes one token likely to repeat, without excluding the others. */
const REPEATS = { 300: 3 };

testEachRow('SDK & Integrations: Supported request parameters (27)', {
  async model() {
    const body = { ...bundledBody(), model: 'anything' };
    expect((await at('bundled').chat(body)).body.model).toBe('xero-tiny');
    const url = `${test.api.projectUrl}/chat/completions`;
    const inProject = await test.api.request('POST', url, 'CreateChatCompletionResponse', {
      ...body,
      model: 'bundled',
    });
    expect(inProject.body).toMatchObject({ model: 'xero-tiny' });
    expectError(await at('bundled').rejected({ ...body, model: undefined }), 400, 'invalid_request', 'model');
  },

  async messages() {
    const call = { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Lisbon"}' } };
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'developer', content: 'Be right.' },
      { role: 'user', content: LISBON },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_1', content: '{"city":"Lisbon","condition":"sunny","temperature":23}' },
    ];
    expect(await forwarded({ messages })).toMatchObject({ messages });
    expect(contentOf(await bundled({ messages: messages.slice(2), tools }))).toMatch(FROM_THE_RESULT);
    for (const role of ['system', 'developer'])
      expect(
        contentOf(
          await bundled({
            messages: [
              { role, content: 'Be brief.' },
              { role: 'user', content: FRANCE },
            ],
          }),
        ),
      ).toBe('Paris.');
  },

  max_tokens: () => expectLimit('max_tokens'),

  async max_completion_tokens() {
    await expectLimit('max_completion_tokens');
    expect((await bundled({ max_completion_tokens: 3, max_tokens: 5 })).body.usage.completion_tokens).toBe(3);
  },

  async temperature() {
    await expectNumber('temperature', 1.25, [-0.1, 2.1]);
    const generated = async (temperature: number): Promise<Set<string>> => {
      const seeds = [1, 2, 3];
      const responses = await Promise.all(seeds.map((seed) => random({ temperature, seed, max_tokens: 24 })));
      return new Set(responses.map((response) => contentOf(response)));
    };
    expect((await generated(0)).size).toBe(1);
    expect((await generated(2)).size).toBe(3);
  },

  async top_p() {
    await expectNumber('top_p', 0.25, [-0.1, 1.1]);
    expect(contentOf(await random({ temperature: 2, top_p: 0 }))).toBe(contentOf(await random()));
    expect(contentOf(await random({ temperature: 2, top_p: 1, seed: 1 }))).not.toBe(contentOf(await random()));
  },

  async stream() {
    const stream = await at('bundled').stream(bundledBody());
    expect([await stream.ended, stream.text()]).toEqual(['done', PARIS]);
    expect(stream.chunks.length).toBeGreaterThan(3);
    expect(await forwarded({ stream: true })).toMatchObject({ stream: true });
    expect(await forwarded({})).toMatchObject({ stream: false });
  },

  async stream_options() {
    for (const slug of ['bundled', 'chat']) {
      const withUsage = await at(slug).stream(bundledBody({ stream_options: { include_usage: true } }));
      await withUsage.ended;
      expect(withUsage.chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
      expect(withUsage.chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
      const withoutUsage = await at(slug).stream(bundledBody());
      await withoutUsage.ended;
      expect(withoutUsage.chunks.some((chunk) => 'usage' in chunk)).toBe(false);
    }
  },

  async stop() {
    for (const stop of ['Paris', ['never', ' Par']]) {
      const response = await bundled({ stop });
      expect([contentOf(response).trim(), choiceOf(response)['finish_reason']]).toEqual([
        'The capital of France is',
        'stop',
      ]);
      expect(await forwarded({ stop })).toMatchObject({ stop });
    }
  },

  async tools() {
    const [call, ...others] = await toolCallsOf({});
    expect([call?.name, others]).toEqual(['get_weather', []]);
    expect(JSON.parse(call?.arguments ?? '')).toEqual({ city: 'Lisbon' });
    expect(await forwarded({ tools })).toMatchObject({ tools });
  },

  async tool_choice() {
    const named = { type: 'function', function: { name: 'set_timer' } };
    expect(await toolCallsOf({ tool_choice: 'none' })).toEqual([]);
    expect(await toolCallsOf({ tool_choice: 'auto' })).toMatchObject([{ name: 'get_weather' }]);
    expect(await toolCallsOf({ ...withPrompt('Hello!'), tool_choice: 'auto' })).toEqual([]);
    expect(await toolCallsOf({ ...withPrompt('Hello!'), tool_choice: 'required' })).toHaveLength(1);
    expect(await toolCallsOf({ tool_choice: named })).toMatchObject([{ name: 'set_timer' }]);
    for (const tool_choice of ['none', 'auto', 'required', named])
      expect(await forwarded({ tools, tool_choice })).toMatchObject({ tool_choice });
  },

  async parallel_tool_calls() {
    for (const parallel_tool_calls of [true, false])
      expect(await forwarded({ tools, parallel_tool_calls })).toMatchObject({ parallel_tool_calls });
    expect(await toolCallsOf({ parallel_tool_calls: false })).toHaveLength(1);
  },

  async logprobs() {
    const response = choiceOf(await bundled({ logprobs: true }));
    const stream = await at('bundled').stream(bundledBody({ logprobs: true }));
    await stream.ended;
    const streamed = stream.chunks.flatMap(({ choices }) =>
      choices.flatMap((choice) => (choice as Fields)['logprobs']?.content ?? []),
    );
    const entries = response['logprobs'].content as { logprob: number; bytes: number[] }[];
    expect(streamed).toEqual(entries);
    expect(Buffer.from(entries.flatMap(({ bytes }) => bytes)).toString()).toBe(PARIS);
    expect(entries.every(({ logprob }) => logprob <= 0)).toBe(true);
    expect(choiceOf(await bundled({ logprobs: false }))['logprobs']).toBeNull();
    expect(await forwarded({ logprobs: true })).toMatchObject({ logprobs: true });
  },

  async top_logprobs() {
    for (const count of [0, 5, 20]) {
      const { logprobs } = choiceOf(await random({ temperature: 1, logprobs: true, top_logprobs: count }));
      const entries = logprobs.content as { top_logprobs: unknown[] }[];
      expect(new Set(entries.map(({ top_logprobs: top }) => top.length))).toEqual(new Set([count]));
    }
    expect(await forwarded({ logprobs: true, top_logprobs: 3 })).toMatchObject({ top_logprobs: 3 });
    for (const params of [{ logprobs: true, top_logprobs: 21 }, { top_logprobs: 1 }])
      expectError(await at('bundled').rejected(bundledBody(params)), 400, 'invalid_request', 'top_logprobs');
  },

  async reasoning_effort() {
    const effectiveEffort = async (effort: string): Promise<unknown[]> => {
      const { body } = await bundled({ ...withPrompt('What is 24 + 31?'), reasoning_effort: effort });
      const { x_adjusted_reasoning_effort: adjusted, usage } = body as unknown as Fields;
      return [adjusted, usage.completion_tokens_details.reasoning_tokens > 0];
    };
    for (const effort of reasoningEffort.options) {
      const reasons = effort !== 'none' && effort !== 'minimal';
      expect([effort, ...(await effectiveEffort(effort))]).toEqual([effort, reasons ? 'medium' : 'none', reasons]);
      expect(await forwarded({ reasoning_effort: effort })).toMatchObject({ reasoning_effort: effort });
    }
    expectError(
      await at('bundled').rejected(bundledBody({ reasoning_effort: 'maximum' })),
      400,
      'invalid_request',
      'reasoning_effort',
    );
  },

  async prediction() {
    const predictionTokens = async (content: string): Promise<unknown> => {
      const { usage } = (await bundled({ prediction: { type: 'content', content } })).body as unknown as Fields;
      const { accepted_prediction_tokens: accepted, rejected_prediction_tokens: rejected } =
        usage.completion_tokens_details;
      return { accepted, rejected };
    };
    expect(await predictionTokens(PARIS)).toEqual({ accepted: expect.any(Number), rejected: 0 });
    expect(await predictionTokens(PARIS)).not.toMatchObject({ accepted: 0 });
    expect(await predictionTokens('zzz')).not.toMatchObject({ rejected: 0 });
    const prediction = { type: 'content', content: 'Hello' };
    expect(await forwarded({ prediction })).toMatchObject({ prediction });
  },

  async service_tier() {
    for (const requested of ['flex', 'priority']) {
      const { body, requestId } = await bundled({ service_tier: requested });
      expect(body.service_tier).toBe('self_hosted');
      expect(await test.fleet.usageOf(requestId)).toMatchObject({
        tier: 'self_hosted',
        requestedServiceTier: requested,
      });
    }
  },

  async seed() {
    const generated = async (seed: number): Promise<string> =>
      contentOf(await random({ temperature: 1, seed, max_tokens: 24 }));
    expect(await generated(42)).toBe(await generated(42));
    expect(await generated(42)).not.toBe(await generated(43));
    expect(await forwarded({ seed: 42 })).toMatchObject({ seed: 42 });
  },

  async n() {
    const { body } = await random({ n: 3, temperature: 1, seed: 7 });
    expect(body.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(new Set(body.choices.map(({ message }) => message.content)).size).toBe(3);
    const stream = await at('random').stream(hello({ n: 3, temperature: 1, seed: 7 }));
    await stream.ended;
    for (const { index, message } of body.choices) {
      expect([stream.text(index), stream.finishReasons(index)]).toEqual([message.content, ['length']]);
    }
    const { choices } = (await at('chat').chat(hello({ n: 3 }))).body;
    expect(choices).toHaveLength(3);
    expect(upstream.takeRequests()).toHaveLength(3);
    for (const n of [0, 129]) expectError(await at('random').rejected(hello({ n })), 400, 'invalid_request', 'n');
  },

  frequency_penalty: () => expectPenalty('frequency_penalty'),
  presence_penalty: () => expectPenalty('presence_penalty'),

  async logit_bias() {
    const generated = contentOf(await random({ logit_bias: { 300: 100 }, max_tokens: 8 }));
    expect(generated).toBe(generated.slice(0, generated.length / 8).repeat(8));
    expect(generated).not.toBe(contentOf(await random({ max_tokens: 8 })));
    const forbidden = contentOf(await random({ logit_bias: { 300: -100 }, max_tokens: 8 }));
    expect(forbidden).not.toContain(generated);
    expect(await forwarded({ logit_bias: { 7: -100 } })).toMatchObject({ logit_bias: { 7: -100 } });
  },

  async response_format() {
    const schema = { type: 'json_schema', json_schema: { name: 'person', strict: true, schema: PERSON } };
    const response = contentOf(await bundled({ ...withPrompt(HANNA), response_format: schema }));
    expect(JSON.parse(response)).toEqual(HANNA_AS_A_PERSON);
    const any = contentOf(
      await random({ response_format: { type: 'json_object' }, temperature: 1, max_tokens: 2_000 }),
    );
    expect(any.startsWith('{')).toBe(true);
    expect(contentOf(await bundled({ response_format: { type: 'text' } }))).toBe(PARIS);
    for (const response_format of [schema, { type: 'json_object' }])
      expect(await forwarded({ response_format })).toMatchObject({ response_format });
  },

  async metadata() {
    const metadata = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`key${i}`, `value ${i}`]));
    const { id } = (await bundled({ store: true, metadata })).body;
    expect((await new StoredClient(at('bundled')).get(id)).body.metadata).toEqual(metadata);
    expectError(
      await at('bundled').rejected(bundledBody({ metadata: { ...metadata, more: 'x' } })),
      400,
      'invalid_request',
      'metadata',
    );
  },

  async user() {
    const { requestId } = await bundled({ user: 'user-1' });
    expect(await test.fleet.usageOf(requestId)).toMatchObject({ endUser: 'user-1' });
  },

  /** Rejected as long as there are no server-side tools. */
  async web_search_options() {
    for (const slug of ['bundled', 'chat'])
      expectError(
        await at(slug).rejected(bundledBody({ web_search_options: { search_context_size: 'low' } })),
        400,
        'unsupported_parameter',
        'web_search_options',
      );
  },

  async store() {
    const storedCompletions = new StoredClient(at('bundled'));
    const stored = (await bundled({ store: true })).body;
    expect((await storedCompletions.get(stored.id)).body.choices[0]?.message.content).toBe(PARIS);
    const { id } = (await bundled()).body;
    expect((await storedCompletions.rejected('GET', id)).status).toBe(404);
  },
});

it.each(['API Reference: Request Body'])('%s has no other parameters', (title) => {
  const names = documentedTable('SDK & Integrations: Supported request parameters (27)').map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(documentedTable(title).map(({ name }) => name)));
});
