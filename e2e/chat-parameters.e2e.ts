/**
 * The parameters of a chat completion: each is applied or rejected with an error that names it; none is ignored silently.
 * The limits are those of the specification.
 */
import { numberedTokens, scripted } from './support/api-client.ts';
import type { ApiClient, ChatBody } from './support/api-client.ts';
import { contentOf, expectError, hello } from './support/chat-checks.ts';
import { bothEngines, testPlatform } from './support/test-platform.ts';

const test = testPlatform(bothEngines);

const tiny = (): ApiClient => test.api.with({ endpointSlug: 'tiny' });

describe('seed', () => {
  it('reproduces the text, and changes it with another seed', async () => {
    const generate = async (seed: number): Promise<string> =>
      contentOf(await tiny().chat(hello({ seed, temperature: 1, max_tokens: 24 })));
    expect(await generate(42)).toBe(await generate(42));
    expect(await generate(42)).not.toBe(await generate(43));
  });

  it.each([0, -5, 2 ** 53, -(2 ** 63)])('accepts %d', async (seed) => {
    expect(contentOf(await tiny().chat(hello({ seed })))).not.toBe('');
  });

  it.each([2 ** 64, 1.5, '7', {}])('is rejected when it is %j', async (seed) => {
    expectError(await tiny().rejected(hello({ seed })), 400, 'invalid_request', 'seed');
  });
});

describe('temperature and top_p', () => {
  it('are deterministic at 0', async () => {
    const generate = async (params: ChatBody): Promise<string> => contentOf(await tiny().chat(hello(params)));
    expect(await generate({ temperature: 0 })).toBe(await generate({ temperature: 0 }));
    expect(await generate({ top_p: 0 })).toBe(await generate({ temperature: 0 }));
  });

  it.each([
    ['temperature', [-0.1, 2.1, '1']],
    ['top_p', [-0.1, 1.1, '1']],
    ['frequency_penalty', [-2.1, 2.1]],
    ['presence_penalty', [-2.1, 2.1]],
  ])('%s outside its range is rejected', async (param, values) => {
    for (const value of values) {
      expectError(await tiny().rejected(hello({ [param]: value })), 400, 'invalid_request', param);
    }
  });
});

describe('metadata and user', () => {
  const pairs = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']));

  it('are accepted up to the limits of the specification', async () => {
    const metadata = { ...pairs(15), ['k'.repeat(64)]: 'v'.repeat(512) };
    await test.api.chat(scripted({ tokens: 1 }, { metadata, user: 'user-1' }));
  });

  it.each<[string, unknown]>([
    ['17 pairs', pairs(17)],
    ['a key of 65 characters', { ['k'.repeat(65)]: 'v' }],
    ['a value of 513 characters', { k: 'v'.repeat(513) }],
    ['a value that is not a string', { k: 1 }],
    ['an array', ['k']],
    ['a string', 'k'],
  ])('metadata is rejected with %s', async (_, metadata) => {
    const response = await test.api.rejected(scripted({ tokens: 1 }, { metadata }));
    expectError(response, 400, 'invalid_request', expect.stringMatching(/^metadata/));
  });

  it.each([1, {}, ['u']])('user is rejected when it is %j', async (user) => {
    expectError(await test.api.rejected(scripted({ tokens: 1 }, { user })), 400, 'invalid_request', 'user');
  });
});

describe('parameter', () => {
  it('that is null is treated as absent', async () => {
    const names = [
      ...['max_tokens', 'max_completion_tokens', 'temperature', 'top_p', 'stream', 'stream_options', 'stop', 'tools'],
      ...['tool_choice', 'parallel_tool_calls', 'logprobs', 'top_logprobs', 'reasoning_effort', 'prediction', 'seed'],
      ...['service_tier', 'n', 'frequency_penalty', 'presence_penalty', 'logit_bias', 'response_format', 'metadata'],
      ...['user', 'web_search_options', 'store', 'functions', 'function_call', 'audio', 'modalities'],
    ];
    const nothing = Object.fromEntries(names.map((name) => [name, null]));
    const response = await test.api.chat(scripted({ tokens: 3 }, nothing));
    expect(contentOf(response)).toBe(numberedTokens(3));
  });

  it('that the specification does not have is ignored, as other servers do', async () => {
    await test.api.chat(scripted({ tokens: 1 }, { some_new_parameter: { deep: [1] }, top_k: 40 }));
  });

  it.each<[string, ChatBody]>([
    ['logprobs: false', { logprobs: false }],
    ['response_format text', { response_format: { type: 'text' } }],
    ['no tools', { tools: [], tool_choice: 'none' }],
    ['penalties of 0', { frequency_penalty: 0, presence_penalty: 0 }],
    ['no bias', { logit_bias: {} }],
    ['store: false', { store: false }],
    ['store: true', { store: true }],
    ['modalities text', { modalities: ['text'] }],
  ])('with its default value is accepted by every engine: %s', async (_, params) => {
    for (const response of [await test.api.chat(scripted({ tokens: 1 }, params)), await tiny().chat(hello(params))]) {
      expect(response.body.choices[0]?.logprobs).toBeNull();
    }
  });

  const tool = { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } };
  const unsupported: [string, string, ChatBody][] = [
    ['tools', 'tools', { tools: [tool] }],
    ['web_search_options', 'web_search_options', { web_search_options: {} }],
    ['functions', 'functions', { functions: [{ name: 'look' }] }],
    ['function_call', 'function_call', { function_call: 'auto' }],
    ['audio', 'audio', { audio: { voice: 'alloy', format: 'wav' } }],
    ['modalities beyond text', 'modalities', { modalities: ['text', 'audio'] }],
    [
      'an image',
      'messages[0].content[0]',
      {
        messages: [
          { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }] },
        ],
      },
    ],
    [
      'a tool message',
      'messages[1]',
      {
        messages: [
          { role: 'user', content: 'x' },
          { role: 'tool', content: 'y', tool_call_id: 'call_1' },
        ],
      },
    ],
  ];
  it.each(unsupported)('that no engine supports is rejected by name: %s', async (_, param, params) => {
    expectError(await test.api.rejected(scripted({}, params)), 400, 'unsupported_parameter', param);
    expectError(await tiny().rejected(hello(params)), 400, 'unsupported_parameter', param);
    expectError(await tiny().rejected(hello({ ...params, stream: true })), 400, 'unsupported_parameter', param);
  });

  it('that only one engine supports is applied by that one and rejected by the other', async () => {
    const served: ChatBody[] = [
      { frequency_penalty: 1 },
      { presence_penalty: -1 },
      { logit_bias: { '300': 5 } },
      { logprobs: true },
      { reasoning_effort: 'high' },
      { prediction: { type: 'content', content: 'x' } },
    ];
    for (const params of served) {
      const [param] = Object.keys(params);
      expect(contentOf(await tiny().chat(hello(params)))).not.toBe('');
      expectError(await test.api.rejected(scripted({}, params)), 400, 'unsupported_parameter', param);
    }
  });

  it.each<[string, unknown, ChatBody]>([
    ['more than 20 top_logprobs', 'top_logprobs', { logprobs: true, top_logprobs: 21 }],
    ['top_logprobs without logprobs', 'top_logprobs', { top_logprobs: 1 }],
    [
      'an unknown response_format type',
      expect.stringMatching(/^response_format/),
      { response_format: { type: 'hiccup' } },
    ],
    [
      'a JSON schema that is a number',
      expect.stringMatching(/^response_format/),
      { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: 123 } } },
    ],
    [
      'a JSON schema with an unknown type',
      expect.stringMatching(/^response_format/),
      { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'hiccup' } } } },
    ],
    [
      'a strict JSON schema with an invalid regular expression',
      expect.stringMatching(/^response_format/),
      {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'x', strict: true, schema: { type: 'string', pattern: '(' } },
        },
      },
    ],
    ['tool_choice required without tools', 'tool_choice', { tool_choice: 'required' }],
    ['an empty tool_choice', expect.stringMatching(/^tool_choice/), { tools: [tool], tool_choice: {} }],
    [
      'a tool_choice that names an unknown tool',
      'tool_choice',
      { tools: [tool], tool_choice: { type: 'function', function: { name: 'other' } } },
    ],
    ['a logit_bias above 100', expect.stringMatching(/^logit_bias/), { logit_bias: { '1': 101 } }],
    ['a logit_bias of no token', expect.stringMatching(/^logit_bias/), { logit_bias: { a: 1 } }],
    ['a stream that is not a boolean', 'stream', { stream: 'yes' }],
  ])('that is invalid is rejected before a stream starts: %s', async (_, param, params) => {
    expectError(await tiny().rejected(hello(params)), 400, 'invalid_request', param);
    if ('stream' in params) return;
    expectError(await tiny().rejected(hello({ ...params, stream: true })), 400, 'invalid_request', param);
  });
});

describe('messages', () => {
  it('have the same meaning as a string and as content parts', async () => {
    const generate = async (content: unknown): Promise<string> =>
      contentOf(await tiny().chat(hello({ messages: [{ role: 'user', content }], temperature: 0 })));
    expect(await generate([{ type: 'text', text: 'Hello there' }])).toBe(await generate('Hello there'));
  });

  it('accept every role', async () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'One?', name: 'ada' },
      { role: 'assistant', content: 'Two.' },
      { role: 'user', content: [{ type: 'text', text: 'Three?' }] },
    ];
    expect((await tiny().chat(hello({ messages }))).body.usage.prompt_tokens).toBeGreaterThan(10);
    await tiny().chat(hello({ messages: [{ role: 'developer', content: 'Be brief.' }, ...messages.slice(1)] }));
  });

  it.each<[string, unknown, unknown]>([
    ['missing', undefined, 'messages'],
    ['null', null, 'messages'],
    ['a string', 'Hello', 'messages'],
    ['empty', [], 'messages'],
    ['an object', { role: 'user', content: 'x' }, 'messages'],
    ['an array of numbers', [123], expect.stringMatching(/^messages/)],
    ['an array of empty objects', [{}], expect.stringMatching(/^messages\[0\]/)],
    ['with an unknown role', [{ role: 'king', content: 'x' }], expect.stringMatching(/^messages\[0\]/)],
    ['with a number as role', [{ role: 123, content: 'x' }], expect.stringMatching(/^messages\[0\]/)],
    ['with a number as content', [{ role: 'user', content: 123 }], expect.stringMatching(/^messages\[0\]\.content/)],
    ['without content', [{ role: 'user' }], expect.stringMatching(/^messages\[0\]\.content/)],
    [
      'with null as content of a user message',
      [{ role: 'user', content: null }],
      expect.stringMatching(/^messages\[0\]\.content/),
    ],
    [
      'with a content part of an unknown type',
      [{ role: 'user', content: [{ type: 'smell', smell: 'x' }] }],
      expect.stringMatching(/^messages\[0\]\.content/),
    ],
  ])('are rejected: %s', async (_, messages, param) => {
    expectError(await test.api.rejected({ model: 'scripted', messages }), 400, 'invalid_request', param);
  });

  it('accept messages as clients serialize them, with null in every absent field', async () => {
    const dumped = {
      role: 'assistant',
      content: 'Two.',
      refusal: null,
      annotations: null,
      audio: null,
      function_call: null,
      tool_calls: null,
      name: null,
    };
    const message = { role: 'user', content: [{ type: 'text', text: 'One?', cache_control: null }], name: null };
    const messages = [message, dumped, { role: 'user', content: 'Three?' }];
    const params = { messages, response_format: { type: 'text', json_schema: null } };
    expect(contentOf(await tiny().chat(hello(params)))).not.toBe('');
    const wrong = { messages: [...messages, { role: 'user', content: null, name: null }] };
    expectError(await tiny().rejected(hello(wrong)), 400, 'invalid_request', 'messages[3].content');
  });

  it('are rejected with the path of the invalid message', async () => {
    const messages = [
      { role: 'user', content: 'x' },
      { role: 'user', content: 7 },
    ];
    const response = await test.api.rejected({ model: 'scripted', messages });
    expectError(response, 400, 'invalid_request', expect.stringMatching(/^messages\[1\]\.content/));
  });
});

describe('model', () => {
  it('is determined by the endpoint: the completion has its name, whatever was requested', async () => {
    const { body } = await test.api.chat(scripted({ tokens: 1 }, { model: 'gpt-4o' }));
    expect(body.model).toBe('scripted');
    const stream = await test.api.stream(scripted({ tokens: 1 }, { model: 'gpt-4o' }));
    await stream.ended;
    expect(stream.chunks[0]?.model).toBe('scripted');
  });

  it.each([undefined, null, '', 7, ['scripted']])('is required: %j is rejected', async (model) => {
    expectError(await test.api.rejected(scripted({ tokens: 1 }, { model })), 400, 'invalid_request', 'model');
  });
});
