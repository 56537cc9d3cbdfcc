import fc from 'fast-check';
import { chatCompletionRequest } from './request.ts';

const MINIMAL = { model: 'm', messages: [{ role: 'user', content: 'hi' }] } as const;
const TOOL = { type: 'function', function: { name: 'look_up' } } as const;

function parse(fields: object): ReturnType<typeof chatCompletionRequest.safeParse> {
  return chatCompletionRequest.safeParse({ ...MINIMAL, ...fields });
}

/** The path of the first issue; undefined if the request is valid. */
function issuePath(fields: object): string | undefined {
  return parse(fields).error?.issues[0]?.path.join('.');
}

function text(length: number): string {
  return 'x'.repeat(length);
}

function pairs(count: number, value: unknown): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [String(i), value]));
}

/** Each parameter with values at its bounds, and just beyond them. */
const BOUNDS: readonly { param: string; valid: readonly unknown[]; invalid: readonly unknown[]; with?: object }[] = [
  { param: 'model', valid: ['x', text(256)], invalid: ['', text(257), 7, null, undefined] },
  {
    param: 'messages',
    valid: [Array.from({ length: 2_048 }, () => MINIMAL.messages[0])],
    invalid: [[], Array.from({ length: 2_049 }, () => MINIMAL.messages[0]), 'hi', null, undefined],
  },
  { param: 'max_tokens', valid: [1, 10_000_000], invalid: [0, -1, 1.5, '1', Infinity] },
  { param: 'max_completion_tokens', valid: [1, 10_000_000], invalid: [0, -1, 1.5, '1'] },
  { param: 'temperature', valid: [0, 1, 2], invalid: [-0.01, 2.01, '1', NaN] },
  { param: 'top_p', valid: [0, 0.5, 1], invalid: [-0.01, 1.01, '1'] },
  { param: 'stream', valid: [true, false], invalid: ['true', 1, 0] },
  {
    param: 'stream_options',
    valid: [{}, { include_usage: true }, { include_usage: null, include_obfuscation: false }],
    invalid: [true, 'usage', []],
    with: { stream: true },
  },
  {
    param: 'stop',
    valid: [text(1), text(256), [], ['a', 'b', 'c', 'd']],
    invalid: ['', text(257), ['a', 'b', 'c', 'd', 'e'], [''], 7],
  },
  {
    param: 'tools',
    valid: [[], [TOOL], Array.from({ length: 128 }, () => TOOL)],
    invalid: [Array.from({ length: 129 }, () => TOOL), TOOL],
  },
  { param: 'parallel_tool_calls', valid: [true, false], invalid: ['no', 0] },
  { param: 'logprobs', valid: [true, false], invalid: [5, 'true'] },
  { param: 'top_logprobs', valid: [0, 20], invalid: [-1, 21, 1.5], with: { logprobs: true } },
  {
    param: 'reasoning_effort',
    valid: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'],
    invalid: ['', 'Max', 'maximum', 3],
  },
  {
    param: 'prediction',
    valid: [
      { type: 'content', content: 'x' },
      { type: 'content', content: [{ type: 'text', text: 'x' }] },
    ],
    invalid: ['x', { type: 'content' }, { type: 'text', content: 'x' }],
  },
  { param: 'service_tier', valid: ['auto', text(64)], invalid: [text(65), 1] },
  {
    param: 'seed',
    valid: [0, -1, 2 ** 63, -(2 ** 63)],
    invalid: [0.5, 2 ** 63 + 2_048, -(2 ** 63) - 2_048, '1', Infinity],
  },
  { param: 'n', valid: [1, 128], invalid: [0, 129, 1.5, '1'] },
  { param: 'frequency_penalty', valid: [-2, 0, 2], invalid: [-2.01, 2.01, '0'] },
  { param: 'presence_penalty', valid: [-2, 0, 2], invalid: [-2.01, 2.01, '0'] },
  {
    param: 'logit_bias',
    valid: [{}, { 0: -100, 999999999: 100 }, pairs(1_024, 1)],
    invalid: [{ a: 1 }, { '-1': 1 }, { 1234567890: 1 }, { 1: 100.1 }, { 1: -100.1 }, pairs(1_025, 1)],
  },
  {
    param: 'response_format',
    valid: [{ type: 'text' }, { type: 'json_object' }, { type: 'json_schema', json_schema: { name: 'n', schema: {} } }],
    invalid: [
      {},
      'json',
      { type: 'xml' },
      { type: 'json_schema' },
      { type: 'json_schema', json_schema: { name: 'a b' } },
    ],
  },
  {
    param: 'metadata',
    valid: [{}, pairs(16, text(512)), { [text(64)]: '' }],
    invalid: [pairs(17, ''), { [text(65)]: '' }, { a: text(513) }, { a: 1 }],
  },
  { param: 'user', valid: ['', text(512)], invalid: [text(513), 1] },
  { param: 'web_search_options', valid: [{}, { search_context_size: 'low' }], invalid: [true, 'x'] },
  { param: 'prompt_cache_key', valid: ['', text(2_000)], invalid: [1, {}] },
  { param: 'prompt_cache_options', valid: [{}, { mode: 'auto' }], invalid: [1, 'x', []] },
  { param: 'prompt_cache_retention', valid: ['24h', 'in_memory'], invalid: [1, {}] },
  { param: 'safety_identifier', valid: ['', text(512)], invalid: [1, {}] },
  { param: 'store', valid: [true, false], invalid: ['yes', 1] },
  { param: 'include_reasoning', valid: [true, false], invalid: ['yes', 1] },
  { param: 'x_events', valid: [true, false], invalid: ['yes', 1], with: { stream: true } },
  { param: 'x_detach', valid: [true, false], invalid: ['yes', 1], with: { stream: true, store: true } },
];

const REQUIRED = ['model', 'messages'];
const OPTIONAL = BOUNDS.filter(({ param }) => !REQUIRED.includes(param));

describe('parameters of a chat completion request', () => {
  it.each(BOUNDS)('accepts $param up to its bounds', ({ param, valid, with: others }) => {
    for (const value of valid) expect([value, issuePath({ ...others, [param]: value })]).toEqual([value, undefined]);
  });

  it.each(BOUNDS)('rejects $param beyond its bounds, and names it', ({ param, invalid, with: others }) => {
    for (const value of invalid)
      expect([value, issuePath({ ...others, [param]: value })?.split('.')[0]]).toEqual([value, param]);
  });

  it.each(OPTIONAL)('treats $param: null as omitted', ({ param, with: others }) => {
    const withNull = parse({ ...others, [param]: null });
    expect(withNull.success).toBe(true);
    expect(JSON.stringify(withNull.data)).toBe(JSON.stringify(parse({ ...others }).data));
  });

  it('are all tested by the table above, except tool_choice', () => {
    const tested = [...BOUNDS.map(({ param }) => param), 'tool_choice'];
    expect(tested.toSorted()).toEqual(Object.keys(chatCompletionRequest.in.shape).toSorted());
  });

  it('are dropped if they are unknown', () => {
    expect(parse({ no_such_parameter: 1 }).data).toEqual(MINIMAL);
  });
});

describe('parameters that depend on each other', () => {
  const names = { tool_choice: { type: 'function', function: { name: 'look_up' } } };
  it.each([
    ['stream_options without stream', { stream_options: {} }, 'stream_options'],
    ['stream_options with stream false', { stream_options: {}, stream: false }, 'stream_options'],
    ['top_logprobs without logprobs', { top_logprobs: 1 }, 'top_logprobs'],
    ['tool_choice required without tools', { tool_choice: 'required' }, 'tool_choice'],
    ['tool_choice required with no tool', { tool_choice: 'required', tools: [] }, 'tool_choice'],
    ['a named function without tools', names, 'tool_choice'],
    [
      'a named function that is not in tools',
      { ...names, tools: [{ ...TOOL, function: { name: 'other' } }] },
      'tool_choice',
    ],
    [
      'allowed tools without tools',
      { tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } } },
      'tool_choice',
    ],
    ['an unknown tool_choice', { tool_choice: 'any', tools: [TOOL] }, 'tool_choice'],
  ])('rejects %s', (_, fields, param) => {
    expect(issuePath(fields)?.split('.')[0]).toBe(param);
  });

  it.each([
    ['stream_options with stream', { stream_options: {}, stream: true }],
    ['top_logprobs with logprobs', { top_logprobs: 1, logprobs: true }],
    ['tool_choice null', { tool_choice: null }],
    ['tool_choice none without tools', { tool_choice: 'none' }],
    ['tool_choice auto without tools', { tool_choice: 'auto' }],
    ['tool_choice required with tools', { tool_choice: 'required', tools: [TOOL] }],
    ['a named function among the tools', { ...names, tools: [TOOL] }],
    ['tools together with response_format', { tools: [TOOL], response_format: { type: 'json_object' } }],
  ])('accepts %s', (_, fields) => {
    expect(issuePath(fields)).toBeUndefined();
  });

  it.each(['', 'a b', text(65), 'é', 'a.b'])('rejects the function name %p', (name) => {
    expect(issuePath({ tools: [{ type: 'function', function: { name } }] })).toBe('tools.0.function.name');
  });
});

/** A schema of nested objects with the given number of levels. */
function schemaOfLevels(levels: number): object {
  return levels === 0 ? { type: 'string' } : { type: 'object', properties: { a: schemaOfLevels(levels - 1) } };
}

/** A schema of exactly the given number of bytes. */
function schemaOfBytes(bytes: number, character = 'x'): object {
  const left = bytes - JSON.stringify({ description: '' }).length;
  const width = new TextEncoder().encode(character).length;
  return { description: character.repeat(Math.floor(left / width)) + 'x'.repeat(left % width) };
}

describe.each([
  [
    'tools.0.function.parameters',
    (schema: unknown) => ({ tools: [{ type: 'function', function: { name: 'f', parameters: schema } }] }),
  ],
  [
    'response_format.json_schema.schema',
    (schema: unknown) => ({ response_format: { type: 'json_schema', json_schema: { name: 'n', schema } } }),
  ],
])('the JSON schema in %s', (path, within) => {
  const list = (items: object): object => ({ type: 'array', items });

  it.each<[string, unknown]>([
    ['of 64 KB', schemaOfBytes(65_536)],
    ['of 64 KB in characters of four bytes', schemaOfBytes(65_536, '😀')],
    ['of 10 levels', schemaOfLevels(10)],
    ['of 10 levels, including arrays', list(list(schemaOfLevels(8)))],
    ['of alternatives, which are not levels', { anyOf: [{ allOf: [schemaOfLevels(10)] }, { not: schemaOfLevels(9) }] }],
    ['with definitions of 10 levels', { $defs: { a: schemaOfLevels(10) }, $ref: '#/$defs/a' }],
    ['with data that looks like a schema', { enum: [schemaOfLevels(11)], default: schemaOfLevels(11) }],
    ['with properties named like keywords', { properties: { properties: { type: 'string' } } }],
    ['that is empty', {}],
  ])('accepts a schema %s', (_, schema) => {
    expect(issuePath(within(schema))).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['of 64 KB and a byte', schemaOfBytes(65_537)],
    ['of 64 KB and a byte, in characters of four bytes', schemaOfBytes(65_537, '😀')],
    ['of 11 levels', schemaOfLevels(11)],
    ['of 11 levels of arrays', list(list(list(schemaOfLevels(8))))],
    ['of 11 levels in an alternative', { anyOf: [{ type: 'null' }, { oneOf: [schemaOfLevels(11)] }] }],
    ['with definitions of 11 levels', { $defs: { a: schemaOfLevels(11) } }],
    ['of 11 levels in additional properties', { additionalProperties: { prefixItems: [{}, schemaOfLevels(9)] } }],
    ['of 11 levels in pattern properties', { patternProperties: { a: schemaOfLevels(10) } }],
    ['that is an array', [{}]],
    ['that is a string', 'object'],
    ['that is a number', 123],
    ['that is true', true],
  ])('rejects a schema %s', (_, schema) => {
    expect(issuePath(within(schema))).toBe(path);
  });
});

describe('records with arbitrary names', () => {
  it.each(['metadata', 'logit_bias'])('counts the entries of %s before it validates them', (param) => {
    expect(parse({ [param]: pairs(100_000, null) }).error?.issues).toMatchObject([{ path: [param] }]);
  });
});

describe('messages of a chat completion request', () => {
  const call = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } };
  const parts = [
    { type: 'text', text: 'x' },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'low' } },
    { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
    { type: 'file', file: { file_id: 'file_1' } },
  ];

  it.each([
    ['system', { role: 'system', content: 'x', name: 'n' }],
    ['system in parts', { role: 'system', content: [{ type: 'text', text: 'x' }] }],
    ['developer', { role: 'developer', content: 'x' }],
    ['user', { role: 'user', content: '' }],
    ['user with every kind of part', { role: 'user', content: parts }],
    ['assistant', { role: 'assistant', content: 'x' }],
    ['assistant with a refusal part', { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] }],
    ['assistant with calls only', { role: 'assistant', content: null, tool_calls: [call] }],
    ['assistant with a refusal only', { role: 'assistant', refusal: 'no' }],
    ['tool', { role: 'tool', tool_call_id: 'call_1', content: 'x' }],
  ])('accepts %s', (_, message) => {
    expect(issuePath({ messages: [message] })).toBeUndefined();
  });

  it.each([
    ['an unknown role', { role: 'robot', content: 'x' }, 'messages.0.role'],
    ['no role', { content: 'x' }, 'messages.0.role'],
    ['no content', { role: 'user' }, 'messages.0.content'],
    ['null content of a user', { role: 'user', content: null }, 'messages.0.content'],
    ['no parts', { role: 'user', content: [] }, 'messages.0.content'],
    ['too many parts', { role: 'user', content: Array.from({ length: 2_049 }, () => parts[0]) }, 'messages.0.content'],
    ['a part of an unknown kind', { role: 'user', content: [{ type: 'video' }] }, 'messages.0.content'],
    ['an image in a system message', { role: 'system', content: [parts[1]] }, 'messages.0.content'],
    ['an empty assistant message', { role: 'assistant' }, 'messages.0.content'],
    [
      'an assistant with no calls and no content',
      { role: 'assistant', content: null, tool_calls: [] },
      'messages.0.content',
    ],
    ['a tool message without a call id', { role: 'tool', content: 'x' }, 'messages.0.tool_call_id'],
    ['too long a name', { role: 'user', content: 'x', name: text(65) }, 'messages.0.name'],
  ])('rejects %s', (_, message, path) => {
    expect(issuePath({ messages: [message] })).toBe(path);
  });
});

describe('a parsed chat completion request', () => {
  it('parses to itself', () => {
    const anyOf = (values: readonly unknown[]): fc.Arbitrary<unknown> => fc.constantFrom(...values);
    const independent = OPTIONAL.filter(({ with: others }) => others === undefined).map(({ param, valid }) => [
      param,
      anyOf([...valid, null]),
    ]);
    const request = fc.record(Object.fromEntries(independent) as Record<string, fc.Arbitrary<unknown>>, {
      requiredKeys: [],
    });
    fc.assert(
      fc.property(request, fc.string(), (fields, content) => {
        const first = chatCompletionRequest.parse({ ...MINIMAL, messages: [{ role: 'user', content }], ...fields });
        const text = JSON.stringify(first);
        expect(JSON.stringify(chatCompletionRequest.parse(JSON.parse(text)))).toBe(text);
      }),
    );
  });

  it('keeps a 64-bit seed with the precision of a JSON number', () => {
    const { data } = chatCompletionRequest.safeParse(
      JSON.parse('{"model":"m","messages":[{"role":"user","content":"x"}],"seed":-9223372036854775808}'),
    );
    expect(data?.seed).toBe(-(2 ** 63));
    expect(chatCompletionRequest.safeParse(JSON.parse(JSON.stringify(data))).data).toEqual(data);
  });

  it('does not set a prototype', () => {
    const body: unknown = JSON.parse(
      '{"model":"m","messages":[{"role":"user","content":"x"}],"metadata":{"a":"b"},"__proto__":{"polluted":true}}',
    );
    const { data } = chatCompletionRequest.safeParse(body);
    expect((data as { polluted?: boolean }).polluted).toBeUndefined();
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it.each(['metadata', 'logit_bias'])('rejects the name __proto__ in %s instead of dropping it', (param) => {
    const { error } = chatCompletionRequest.safeParse({
      ...MINIMAL,
      [param]: JSON.parse('{"__proto__":"1"}') as unknown,
    });
    expect(error?.issues[0]).toMatchObject({ path: [param], message: "must not contain the name '__proto__'" });
  });
});
