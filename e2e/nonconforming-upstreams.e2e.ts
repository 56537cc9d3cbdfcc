/**
 * Nonconforming responses of real OpenAI-compatible servers, tested with the official SDK: the platform corrects them. The
 * individual deviations are tested in the specs of the engine.
 */
import OpenAI, { BadRequestError } from 'openai';
import { ScriptedUpstream } from './support/scripted-upstream.ts';
import type { RawReply } from './support/scripted-upstream.ts';
import { testPlatform } from './support/test-platform.ts';

type ChatParams = OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;

const upstream = new ScriptedUpstream();
const embedder = new ScriptedUpstream();
const test = testPlatform(async () => {
  await upstream.start();
  await embedder.start();
  const [chat, embed] = [upstream.plan(), embedder.plan({ task: 'embed' })];
  return {
    models: [...chat.models, ...embed.models],
    endpoints: [...chat.endpoints, ...embed.endpoints],
    workers: [...chat.workers, ...embed.workers],
  };
});
afterAll(async () => {
  await upstream.stop();
  await embedder.stop();
});
beforeEach(() => void upstream.takeRequests());

const client = (slug = 'chat'): OpenAI =>
  new OpenAI({
    baseURL: test.api.with({ endpointSlug: slug }).endpointUrl,
    apiKey: test.description.apiKey,
    maxRetries: 0,
  });

const params = (fields: object = {}): ChatParams => ({
  model: 'chat',
  messages: [{ role: 'user', content: 'hello' }],
  ...fields,
});

const event = (choice: object, rest: object = {}): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, finish_reason: null, ...choice }], ...rest })}\n\n`;
const delta = (fields: object, rest: object = {}): string => event({ delta: fields, ...rest });
const DONE = 'data: [DONE]\n\n';
const sse = (...events: string[]): RawReply => ({ raw: events.join(''), contentType: 'text/event-stream' });

const whole = (fields: object = {}): Promise<OpenAI.Chat.ChatCompletion> =>
  client().chat.completions.create(params(fields));
const streamed = (fields: object = {}): Promise<OpenAI.Chat.ChatCompletion> =>
  client()
    .chat.completions.stream({ ...params(fields), stream: true, stream_options: { include_usage: true } })
    .finalChatCompletion();
const modes = { streamed, 'not streamed': whole };

describe.each(['streamed', 'not streamed'] as const)('official SDK, %s', (mode) => {
  const complete = modes[mode];

  it('assembles tool calls without index, id and type', async () => {
    const call = (name: string, args: unknown): object => ({ function: { name, arguments: args } });
    upstream.reply = sse(
      delta({ role: 'assistant', content: null }),
      delta({ tool_calls: [call('add', '{"a"')] }, { finish_reason: '' }),
      delta({ tool_calls: [{ function: { arguments: ': 1}' } }] }, { finish_reason: '' }),
      delta({ tool_calls: [call('add', { a: 2 }), call('now', null)] }),
      delta({}, { finish_reason: 'stop' }),
      DONE,
    );
    const tools = ['add', 'now'].map((name) => ({ type: 'function', function: { name } }));
    const [choice] = (await complete({ tools })).choices;
    const calls = (choice?.message.tool_calls ?? []) as OpenAI.Chat.ChatCompletionMessageFunctionToolCall[];
    expect(
      calls.map(({ type, function: { name, arguments: args } }) => [type, name, JSON.parse(args) as unknown]),
    ).toEqual([
      ['function', 'add', { a: 1 }],
      ['function', 'add', { a: 2 }],
      ['function', 'now', {}],
    ]);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(3);
    expect(choice?.finish_reason).toBe('tool_calls');
  });

  it('gets content parts as text, without reasoning and with joined surrogates, and usage', async () => {
    upstream.reply = sse(
      delta({ content: '<thi' }),
      delta({ content: 'nk>Hm' }),
      delta({ content: '</think>\n' }),
      delta({ reasoning_content: '', thinking: 'Hm' }),
      delta({ content: [{ type: 'text', text: 'a' }] }),
      'data:\n\n',
      delta({ content: '\ud83d' }),
      delta({ content: '\ude00' }),
      delta({}, { finish_reason: 'end_turn' }),
      `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: null, completion_tokens: null } })}\n\n`,
    );
    const completion = await complete();
    expect(completion.choices[0]).toMatchObject({ message: { content: 'a😀' }, finish_reason: 'stop' });
    expect(JSON.stringify(completion)).not.toContain('Hm');
    expect(completion.usage?.prompt_tokens).toBeGreaterThan(0);
    expect(completion.usage?.completion_tokens).toBeGreaterThanOrEqual(5);
  });

  it.each(['application/json', 'text/plain', undefined])(
    'accepts a stream with the content type %s',
    async (contentType) => {
      const { raw } = sse(delta({ content: 'Hi' }), delta({}, { finish_reason: 'stop' }), DONE);
      upstream.reply = { raw, status: 201, ...(contentType !== undefined && { contentType }) };
      expect((await complete()).choices[0]?.message.content).toBe('Hi');
    },
  );

  it('accepts JSON, also in place of a stream', async () => {
    const message = { role: 'assistant', content: 'Hi' };
    const body = {
      choices: [{ index: 0, message, finish_reason: 'eos_token' }],
      usage: { prompt_tokens: 3, completion_tokens: 1 },
    };
    upstream.reply = { raw: JSON.stringify(body), contentType: 'text/event-stream' };
    const completion = await complete();
    expect(completion.choices[0]).toMatchObject({ message: { content: 'Hi' }, finish_reason: 'stop' });
    expect(completion.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 1 });
  });

  it('ends at the finish reason when the upstream keeps the connection open', async () => {
    const usage = { usage: { prompt_tokens: 3, completion_tokens: 1 } };
    upstream.reply = {
      ...sse(delta({ content: 'Hi' }), event({ delta: {}, finish_reason: 'stop' }, usage)),
      keepOpen: true,
    };
    expect((await complete()).usage).toMatchObject({ prompt_tokens: 3 });
  });

  it('enforces max_completion_tokens when the upstream does not', async () => {
    const words = Array.from({ length: 200 }, (_, i) => delta({ content: `word${i} ` }));
    upstream.reply = { ...sse(...words), keepOpen: true };
    const completion = await complete({ max_completion_tokens: 20 });
    expect(completion.choices[0]?.finish_reason).toBe('length');
    expect(completion.usage?.completion_tokens).toBe(20);
    expect(completion.choices[0]?.message.content?.split(' ').length).toBeLessThan(30);
  });

  it.each([
    [{ error: { message: 'bad top_k', code: 400 } }, 'invalid_request'],
    [{ object: 'error', message: 'bad top_k', type: 'BadRequestError', code: 400 }, 'invalid_request'],
    [{ error: { message: 'the input length exceeds the context length', code: 400 } }, 'context_length_exceeded'],
  ])('gets a client error without retries: %j', async (error, code) => {
    for (const raw of [JSON.stringify(error), `data: ${JSON.stringify(error)}\n\n`]) {
      upstream.takeRequests();
      upstream.reply = { raw };
      const failure: unknown = await complete().catch((caught: unknown) => caught);
      expect(failure).toBeInstanceOf(BadRequestError);
      expect(failure).toMatchObject({ status: 400, code });
      expect(upstream.takeRequests()).toHaveLength(1);
    }
  });

  it('gets context_length_exceeded with the token counts of the upstream for "requested N tokens"', async () => {
    const message =
      "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (8500 in the messages, 500 in the completion).";
    upstream.reply = { raw: JSON.stringify({ error: { message } }), status: 400 };
    await expect(complete({ max_tokens: 500 })).rejects.toMatchObject({
      code: 'context_length_exceeded',
      message: expect.stringMatching(/8500.*8192/) as unknown,
    });
  });
});

it('ends a stream with an error event and without [DONE] when the upstream aborts it', async () => {
  for (const word of ['abort', 'error', 'cancelled']) {
    upstream.reply = sse(delta({ role: 'assistant', content: 'Hi' }), delta({}, { finish_reason: word }), DONE);
    const stream = await test.api.stream({ ...params(), stream: true });
    expect(await stream.ended).toBe('error');
    expect(stream.text()).toBe('Hi');
    expect(stream.finishReasons()).toEqual([]);
    expect(stream.error).toMatchObject({ code: 'engine_error' });
  }
});

it('forwards all digits of a seed', async () => {
  upstream.reply = undefined;
  for (const seed of ['9223372036854775807', '-9007199254740993', '7']) {
    const response = await fetch(`${test.api.endpointUrl}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${test.description.apiKey}`, 'content-type': 'application/json' },
      body: `{"model": "chat", "messages": [{"role": "user", "content": "hi"}], "seed": ${seed}}`,
    });
    expect(response.status).toBe(200);
    expect(upstream.takeRequests().map(({ text }) => /"seed":(-?\d+)/.exec(text)?.[1])).toEqual([seed]);
  }
});

it('forwards neither empty tools nor lone surrogates', async () => {
  upstream.reply = undefined;
  await whole({ tools: [], tool_choice: 'auto', messages: [{ role: 'user', content: 'a\ud83d' }] });
  const [request] = upstream.takeRequests();
  expect(request?.body['messages']).toEqual([{ role: 'user', content: 'a\ufffd' }]);
  for (const name of ['tools', 'tool_choice']) expect(request?.body).not.toHaveProperty(name);
});

it('requests embeddings as floats, and encodes them as the client requests', async () => {
  embedder.reply = { raw: JSON.stringify([[0.5, -2]]) };
  for (const encoding_format of ['float', 'base64', undefined] as const) {
    const fields = encoding_format !== undefined && { encoding_format };
    const { data } = await client('embed').embeddings.create({ model: 'embed', input: 'a', ...fields });
    const expected =
      encoding_format === 'base64' ? Buffer.from(Float32Array.of(0.5, -2).buffer).toString('base64') : [0.5, -2];
    expect(data[0]?.embedding).toEqual(expected);
  }
  expect(new Set(embedder.takeRequests().map(({ body }) => body['encoding_format']))).toEqual(new Set(['float']));
});
