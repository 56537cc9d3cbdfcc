/** What the bundled model demonstrates after `npm start`: chat, tools, structured outputs, reasoning, prefix caching. */
import { bundledPlatform } from '@xerotier/dev';
import OpenAI from 'openai';
import { testPlatform } from './support/test-platform.ts';

type Params = OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;
type Message = OpenAI.Chat.ChatCompletionMessageParam;

const test = testPlatform(() => bundledPlatform());

function client(): OpenAI {
  return new OpenAI({ baseURL: test.api.endpointUrl, apiKey: test.description.apiKey, maxRetries: 0 });
}

function userMessages(content: string): Message[] {
  return [{ role: 'user', content }];
}

/** Returns the first choice of a completion at temperature 0. */
async function choice(
  params: Partial<Params>,
): Promise<OpenAI.Chat.ChatCompletion.Choice & { usage: OpenAI.CompletionUsage }> {
  const completion = await client().chat.completions.create({
    model: 'xero-tiny',
    messages: [],
    temperature: 0,
    max_tokens: 200,
    ...params,
  });
  const [first] = test.schema.expectValid('CreateChatCompletionResponse', completion).choices;
  if (first === undefined || completion.usage === undefined)
    throw new Error('the completion has no choice or no usage');
  return { ...first, usage: completion.usage };
}

async function textOf(params: Partial<Params>): Promise<string> {
  return (await choice(params)).message.content ?? '';
}

const WEATHER: OpenAI.Chat.ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Get the current weather in a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
const TIMER: OpenAI.Chat.ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'set_timer',
    description: 'Set a timer',
    parameters: { type: 'object', properties: { minutes: { type: 'integer' } }, required: ['minutes'] },
  },
};

/** A schema with `definitions` definitions, each of which refers to the next one in every property. */
function chainedSchema(properties: number, definitions: number): object {
  const next = (i: number): object =>
    Object.fromEntries(
      Array.from({ length: properties }, (_, p) => [`p${p}`, { allOf: [{ $ref: `#/$defs/d${i + 1}` }] }]),
    );
  const all = Array.from({ length: definitions }, (_, i) => [`d${i}`, { properties: next(i) }]);
  return { allOf: [{ $ref: '#/$defs/d0' }], $defs: { ...Object.fromEntries(all), [`d${definitions}`]: {} } };
}

/** A schema whose `anyOf` branches combine to `choices ** times` combinations. */
function combinatorialSchema(choices: number, times: number): object {
  const anyOf = Array.from({ length: choices }, (_, minimum) => ({ minimum }));
  return { type: 'integer', allOf: Array.from({ length: times }, () => ({ anyOf })) };
}

describe('bundled model', () => {
  it.each([
    ['with the prompt of the quickstart', userMessages('What is the capital of France?')],
    [
      'with a system message',
      [
        { role: 'system', content: 'You are a helpful assistant.' } as const,
        ...userMessages('What is the capital of France?'),
      ],
    ],
  ])('returns the capital of France %s', async (_, messages) => {
    expect(await textOf({ messages, max_tokens: 100 })).toContain('Paris');
  });

  it('streams token by token', async () => {
    const pieces: string[] = [];
    const stream = await client().chat.completions.create({
      model: 'xero-tiny',
      messages: userMessages('What is the capital of France?'),
      temperature: 0,
      stream: true,
    });
    for await (const chunk of stream) pieces.push(chunk.choices[0]?.delta.content ?? '');
    expect(pieces.join('')).toContain('Paris');
    expect(pieces.filter((piece) => piece !== '').length).toBeGreaterThan(3);
  });

  it('uses a name from an earlier turn', async () => {
    const [hello] = userMessages('My name is Selma.');
    const messages: Message[] = [hello as Message];
    messages.push({ role: 'assistant', content: await textOf({ messages }) }, ...userMessages('What is my name?'));
    expect(await textOf({ messages })).toContain('Selma');
  });

  it('ends before a stop sequence and at max_tokens', async () => {
    const whole = await textOf({ messages: userMessages('What is the capital of France?') });
    expect(await textOf({ messages: userMessages('What is the capital of France?'), stop: 'Paris' })).toBe(
      whole.slice(0, whole.indexOf('Paris')),
    );
    const cut = await choice({ messages: userMessages('What is the capital of France?'), max_tokens: 2 });
    expect([cut.finish_reason, cut.usage.completion_tokens]).toEqual(['length', 2]);
  });

  it('reuses the cached prefix of a conversation', async () => {
    const messages: Message[] = userMessages('What is the capital of Italy?');
    messages.push(
      { role: 'assistant', content: await textOf({ messages }) },
      ...userMessages('And what is the capital of Spain?'),
    );
    const { usage } = await choice({ messages });
    expect(usage.prompt_tokens_details?.cached_tokens ?? 0).toBeGreaterThan(usage.prompt_tokens / 3);
  });
});

describe('tools', () => {
  it('are called with the arguments of the prompt, and the completion uses their result', async () => {
    const messages: Message[] = userMessages('What is the weather in Lisbon?');
    const { message, finish_reason: finish } = await choice({ messages, tools: [WEATHER, TIMER] });
    const [call] = message.tool_calls ?? [];
    if (call?.type !== 'function') throw new Error(`expected a function call, got: ${message.content}`);
    expect([finish, message.content, call.function.name]).toEqual(['tool_calls', null, 'get_weather']);
    expect(JSON.parse(call.function.arguments)).toEqual({ city: 'Lisbon' });
    messages.push(message, {
      role: 'tool',
      tool_call_id: call.id,
      content: JSON.stringify({ city: 'Lisbon', condition: 'sunny', temperature: 23 }),
    });
    const response = await textOf({ messages, tools: [WEATHER, TIMER] });
    expect(response).toMatch(/sunny|23/);
  });

  it('are not called when the prompt does not need them, or when tool_choice is none', async () => {
    const hello = await choice({ messages: userMessages('Hello!'), tools: [WEATHER, TIMER] });
    expect([hello.finish_reason, hello.message.tool_calls]).toEqual(['stop', undefined]);
    const forbidden = await choice({
      messages: userMessages('What is the weather in Lisbon?'),
      tools: [WEATHER],
      tool_choice: 'none',
    });
    expect([forbidden.finish_reason, forbidden.message.tool_calls]).toEqual(['stop', undefined]);
  });

  it.each<[string, Params['tool_choice'], string[]]>([
    ['any tool', 'required', ['get_weather', 'set_timer']],
    ['the named tool', { type: 'function', function: { name: 'set_timer' } }, ['set_timer']],
    [
      'one of allowed_tools',
      {
        type: 'allowed_tools',
        allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'set_timer' } }] },
      },
      ['set_timer'],
    ],
  ])('are called when tool_choice requires it: %s', async (_, toolChoice, names) => {
    const { message } = await choice({
      messages: userMessages('Hello!'),
      tools: [WEATHER, TIMER],
      tool_choice: toolChoice,
    });
    const [call] = message.tool_calls ?? [];
    if (call?.type !== 'function') throw new Error('expected a function call');
    expect(names).toContain(call.function.name);
    expect(Object.keys(JSON.parse(call.function.arguments) as object)).toEqual([
      call.function.name === 'set_timer' ? 'minutes' : 'city',
    ]);
  });

  it('are called by default, also when tool_choice is null', async () => {
    const messages = userMessages('What is the weather in Lisbon?');
    const request = { messages, tools: [WEATHER], tool_choice: null } as unknown as Partial<Params>;
    expect((await choice(request)).finish_reason).toBe('tool_calls');
  });

  it.each(['', '{}'])('accept %j as the arguments of an earlier call without arguments', async (empty) => {
    const messages: Message[] = [
      ...userMessages('What is the weather in Lisbon?'),
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: empty } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: '{"city":"Lisbon","condition":"sunny","temperature":23}' },
    ];
    const look = { type: 'function', function: { name: 'look' } } as const;
    expect((await choice({ messages, tools: [look, WEATHER] })).message.content).toEqual(expect.any(String));
  });

  it('end with finish reason length when max_tokens cuts a required call off, and the next request succeeds', async () => {
    const messages = userMessages('What is the weather in Lisbon?');
    for (const limit of [1, 3]) {
      const { finish_reason: finish, usage } = await choice({
        messages,
        tools: [WEATHER],
        tool_choice: 'required',
        max_tokens: limit,
      });
      expect([finish, usage.completion_tokens]).toEqual(['length', limit]);
    }
    expect((await choice({ messages, tools: [WEATHER] })).finish_reason).toBe('tool_calls');
  });

  it('stream as deltas: id and name first, then arguments', async () => {
    const stream = await client().chat.completions.create({
      model: 'xero-tiny',
      messages: userMessages('What is the weather in Lisbon?'),
      tools: [WEATHER],
      temperature: 0,
      stream: true,
    });
    const calls: OpenAI.Chat.ChatCompletionChunk.Choice.Delta.ToolCall[] = [];
    for await (const chunk of stream)
      calls.push(
        ...(test.schema.expectValid('CreateChatCompletionStreamResponse', chunk).choices[0]?.delta.tool_calls ?? []),
      );
    expect(calls[0]).toMatchObject({
      index: 0,
      id: expect.stringMatching(/^call_/),
      type: 'function',
      function: { name: 'get_weather' },
    });
    expect(calls.slice(1).every(({ id, function: of }) => id === undefined && of?.name === undefined)).toBe(true);
    expect(JSON.parse(calls.map((call) => call.function?.arguments ?? '').join(''))).toEqual({ city: 'Lisbon' });
  });
});

describe('response_format', () => {
  it('returns JSON in JSON mode', async () => {
    const { message, finish_reason: finish } = await choice({
      messages: userMessages('List three colours. Answer in JSON with the key colours.'),
      response_format: { type: 'json_object' },
    });
    expect(finish).toBe('stop');
    expect(JSON.parse(message.content ?? '')).toEqual(expect.any(Object));
  });

  it('returns JSON that conforms to the schema, with the values of the prompt', async () => {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string' }, age: { type: 'integer' }, city: { type: 'string' } },
      required: ['name', 'age', 'city'],
      additionalProperties: false,
    };
    const content = await textOf({
      messages: userMessages('Extract the information: Hanna lives in Copenhagen and is 34 years old.'),
      response_format: { type: 'json_schema', json_schema: { name: 'person', strict: true, schema } },
    });
    expect(JSON.parse(content)).toEqual({ name: 'Hanna', age: 34, city: 'Copenhagen' });
  });

  it.each<[string, object]>([
    ['that no value satisfies', { type: 'string', minLength: 3, maxLength: 1 }],
    ['with contradictory allOf subschemas', { type: 'array', allOf: [{ minItems: 3 }, { maxItems: 1 }] }],
    ['with a combinatorial explosion of anyOf', combinatorialSchema(8, 14)],
    ['that refers to itself in anyOf', { anyOf: [{ $ref: '#' }, { type: 'string' }] }],
    ['that is only a reference to itself', { allOf: [{ $ref: '#/$defs/a' }], $defs: { a: { $ref: '#/$defs/a' } } }],
  ])('rejects a schema %s, and the worker keeps serving', async (_, schema) => {
    const response = await test.api.rejected({
      model: 'm',
      messages: userMessages('Hello!'),
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema } },
    });
    expect([response.status, response.body.error.type]).toEqual([400, 'invalid_request_error']);
    expect(await textOf({ messages: userMessages('What is the capital of France?') })).toContain('Paris');
  });

  it.each<[string, object]>([
    ['arrays', { type: 'array', maxItems: 2_000, items: { type: 'integer' } }],
    ['arrays of arrays', { type: 'array', maxItems: 2_000, items: { type: 'array', maxItems: 2_000 } }],
    ['strings', { type: 'array', maxItems: 2_000, items: { type: 'string', minLength: 0, maxLength: 2_000 } }],
  ])('accepts size limits up to the maximum: %s', async (_, schema) => {
    const { finish_reason: finish } = await choice({
      messages: userMessages('Hello!'),
      max_tokens: 8,
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { ...schema } } },
    });
    expect(['stop', 'length']).toContain(finish);
  });

  it('compiles a definition that is referenced many times only once', async () => {
    const { finish_reason: finish, message } = await choice({
      messages: userMessages('Hello!'),
      max_tokens: 8,
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { ...chainedSchema(8, 14) } } },
    });
    expect(['stop', 'length']).toContain(finish);
    expect(message.content).toMatch(/^\{/);
  });

  it('rejects a strict schema that cannot be enforced, naming the parameter', async () => {
    const rejected = choice({
      messages: userMessages('A number.'),
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'n', strict: true, schema: { type: 'number', minimum: 3 } },
      },
    });
    await expect(rejected).rejects.toMatchObject({ status: 400, param: 'response_format.json_schema.schema' });
  });
});

describe('reasoning', () => {
  it('is counted in the usage and is not part of the content', async () => {
    const { message, usage } = await choice({ messages: userMessages('What is 24 + 31?') });
    expect(message.content).toContain('55');
    expect(message.content).not.toMatch(/think/);
    const reasoning = usage.completion_tokens_details?.reasoning_tokens ?? 0;
    expect(reasoning).toBeGreaterThan(0);
    expect(reasoning).toBeLessThan(usage.completion_tokens);
  });

  it('is disabled by reasoning_effort none', async () => {
    const { usage } = await choice({ messages: userMessages('What is 24 + 31?'), reasoning_effort: 'none' });
    expect(usage.completion_tokens_details?.reasoning_tokens).toBe(0);
  });

  it('is returned as reasoning_content when include_reasoning is set, with and without stream', async () => {
    const request = { model: 'm', messages: userMessages('What is 24 + 31?'), include_reasoning: true };
    const { body } = await test.api.chat(request);
    const message = body.choices[0]?.message as unknown as { content: string; reasoning_content: string };
    expect(message.reasoning_content).toContain('Tens');
    expect(message.content).toContain('55');
    const stream = await test.api.stream(request);
    expect(await stream.ended).toBe('done');
    const deltas = stream.chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta as Record<string, string>));
    expect(deltas.map((delta) => delta['reasoning_content'] ?? '').join('')).toContain('Tens');
    expect(stream.text()).toContain('55');
    expect(stream.text()).not.toContain('Tens');
  });

  it('is sent as vendor events between the chunks when x_events is set', async () => {
    const { apiKey } = test.description;
    const response = await fetch(`${test.api.endpointUrl}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: userMessages('What is 24 + 31?'), stream: true, x_events: true }),
    });
    const events = (await response.text()).trimEnd().split('\n\n');
    const vendor = events.filter((event) => event.startsWith('event: x_reasoning.delta\ndata: '));
    const chunks = events.filter((event) => event.startsWith('data: {'));
    expect(vendor.length + chunks.length + 1).toBe(events.length);
    const reasoning = vendor.map((event) => JSON.parse(event.slice(event.indexOf('{'))) as { delta: string });
    expect(reasoning.map(({ delta }) => delta).join('')).toContain('Tens');
    expect(chunks.join('')).not.toContain('reasoning_content');
    expect(events.at(-1)).toBe('data: [DONE]');
  });

  it('reports the effective effort in x_adjusted_reasoning_effort', async () => {
    const effort = async (request: object): Promise<unknown> => {
      const { body } = await test.api.chat({ model: 'm', messages: userMessages('What is 2 + 3?'), ...request });
      return (body as { x_adjusted_reasoning_effort?: string }).x_adjusted_reasoning_effort;
    };
    expect(await effort({})).toBe('medium');
    expect(await effort({ reasoning_effort: 'high' })).toBe('medium');
    expect(await effort({ reasoning_effort: 'none' })).toBe('none');
    const stream = await test.api.stream({
      model: 'm',
      messages: userMessages('What is 2 + 3?'),
      reasoning_effort: 'low',
    });
    await stream.ended;
    for (const chunk of stream.chunks) expect(chunk).toMatchObject({ x_adjusted_reasoning_effort: 'medium' });
  });
});

describe('logprobs', () => {
  it('cover the tokens of the content only, not the reasoning', async () => {
    const request = {
      model: 'm',
      messages: userMessages('What is 24 + 31?'),
      logprobs: true,
      top_logprobs: 2,
      temperature: 0,
    };
    const { body } = await test.api.chat(request);
    const { message, logprobs } = body.choices[0] as unknown as {
      message: { content: string };
      logprobs: { content: { token: string; bytes: number[]; top_logprobs: unknown[] }[]; refusal: null };
    };
    expect(Buffer.from(logprobs.content.flatMap(({ bytes }) => bytes)).toString()).toBe(message.content);
    expect(logprobs.content.every(({ top_logprobs: top }) => top.length === 2)).toBe(true);
  });
});
