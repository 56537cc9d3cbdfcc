import fc from 'fast-check';
import { chatCompletionRequest } from './request.ts';

const MINIMAL = { model: 'm', messages: [{ role: 'user', content: 'hi' }] } as const;
const TOOL = { type: 'function', function: { name: 'look_up' } } as const;

function parse(fields: object): ReturnType<typeof chatCompletionRequest.safeParse> {
  return chatCompletionRequest.safeParse({ ...MINIMAL, ...fields });
}

/** The path of the first fault, as text; undefined when there is none. */
function fault(fields: object): string | undefined {
  return parse(fields).error?.issues[0]?.path.join('.');
}

function text(length: number): string {
  return 'x'.repeat(length);
}

function pairs(count: number, value: unknown): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [String(i), value]));
}

/** Each parameter with values at its bounds, and values just over them. */
const BOUNDS: readonly { param: string; good: readonly unknown[]; bad: readonly unknown[]; with?: object }[] = [
  { param: 'model', good: ['x', text(256)], bad: ['', text(257), 7, null, undefined] },
  {
    param: 'messages',
    good: [Array.from({ length: 2_048 }, () => MINIMAL.messages[0])],
    bad: [[], Array.from({ length: 2_049 }, () => MINIMAL.messages[0]), 'hi', null, undefined],
  },
  { param: 'max_tokens', good: [1, 10_000_000], bad: [0, -1, 1.5, '1', Infinity] },
  { param: 'max_completion_tokens', good: [1, 10_000_000], bad: [0, -1, 1.5, '1'] },
  { param: 'temperature', good: [0, 1, 2], bad: [-0.01, 2.01, '1', NaN] },
  { param: 'top_p', good: [0, 0.5, 1], bad: [-0.01, 1.01, '1'] },
  { param: 'stream', good: [true, false], bad: ['true', 1, 0] },
  {
    param: 'stream_options',
    good: [{}, { include_usage: true }, { include_usage: null, include_obfuscation: false }],
    bad: [true, 'usage', []],
    with: { stream: true },
  },
  {
    param: 'stop',
    good: [text(1), text(256), [], ['a', 'b', 'c', 'd']],
    bad: ['', text(257), ['a', 'b', 'c', 'd', 'e'], [''], 7],
  },
  {
    param: 'tools',
    good: [[], [TOOL], Array.from({ length: 128 }, () => TOOL)],
    bad: [Array.from({ length: 129 }, () => TOOL), TOOL],
  },
  { param: 'parallel_tool_calls', good: [true, false], bad: ['no', 0] },
  { param: 'logprobs', good: [true, false], bad: [5, 'true'] },
  { param: 'top_logprobs', good: [0, 20], bad: [-1, 21, 1.5], with: { logprobs: true } },
  {
    param: 'reasoning_effort',
    good: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'],
    bad: ['', 'Max', 'maximum', 3],
  },
  {
    param: 'prediction',
    good: [
      { type: 'content', content: 'x' },
      { type: 'content', content: [{ type: 'text', text: 'x' }] },
    ],
    bad: ['x', { type: 'content' }, { type: 'text', content: 'x' }],
  },
  { param: 'service_tier', good: ['auto', text(64)], bad: [text(65), 1] },
  { param: 'seed', good: [0, -1, 2 ** 63, -(2 ** 63)], bad: [0.5, 2 ** 63 + 2_048, -(2 ** 63) - 2_048, '1', Infinity] },
  { param: 'n', good: [1, 128], bad: [0, 129, 1.5, '1'] },
  { param: 'frequency_penalty', good: [-2, 0, 2], bad: [-2.01, 2.01, '0'] },
  { param: 'presence_penalty', good: [-2, 0, 2], bad: [-2.01, 2.01, '0'] },
  {
    param: 'logit_bias',
    good: [{}, { 0: -100, 999999999: 100 }, pairs(1_024, 1)],
    bad: [{ a: 1 }, { '-1': 1 }, { 1234567890: 1 }, { 1: 100.1 }, { 1: -100.1 }, pairs(1_025, 1)],
  },
  {
    param: 'response_format',
    good: [{ type: 'text' }, { type: 'json_object' }, { type: 'json_schema', json_schema: { name: 'n', schema: {} } }],
    bad: [{}, 'json', { type: 'xml' }, { type: 'json_schema' }, { type: 'json_schema', json_schema: { name: 'a b' } }],
  },
  {
    param: 'metadata',
    good: [{}, pairs(16, text(512)), { [text(64)]: '' }],
    bad: [pairs(17, ''), { [text(65)]: '' }, { a: text(513) }, { a: 1 }],
  },
  { param: 'user', good: ['', text(512)], bad: [text(513), 1] },
  { param: 'web_search_options', good: [{}, { search_context_size: 'low' }], bad: [true, 'x'] },
  { param: 'prompt_cache_key', good: ['', text(2_000)], bad: [1, {}] },
  { param: 'prompt_cache_options', good: [{}, { mode: 'auto' }], bad: [1, 'x', []] },
  { param: 'prompt_cache_retention', good: ['24h', 'in_memory'], bad: [1, {}] },
  { param: 'safety_identifier', good: ['', text(512)], bad: [1, {}] },
  { param: 'store', good: [true, false], bad: ['yes', 1] },
  { param: 'include_reasoning', good: [true, false], bad: ['yes', 1] },
  { param: 'x_events', good: [true, false], bad: ['yes', 1], with: { stream: true } },
];

const REQUIRED = ['model', 'messages'];
const OPTIONAL = BOUNDS.filter(({ param }) => !REQUIRED.includes(param));

describe('every parameter of a chat completion request', () => {
  it.each(BOUNDS)('$param is accepted up to its bounds', ({ param, good, with: beside }) => {
    for (const value of good) expect([value, fault({ ...beside, [param]: value })]).toEqual([value, undefined]);
  });

  it.each(BOUNDS)('$param is refused over its bounds, and the fault names it', ({ param, bad, with: beside }) => {
    for (const value of bad)
      expect([value, fault({ ...beside, [param]: value })?.split('.')[0]]).toEqual([value, param]);
  });

  it.each(OPTIONAL)('$param given as null is the same as left out', ({ param, with: beside }) => {
    const given = parse({ ...beside, [param]: null });
    expect(given.success).toBe(true);
    expect(JSON.stringify(given.data)).toBe(JSON.stringify(parse({ ...beside }).data));
  });

  it('is one of the table above, or of the rules for tool_choice below', () => {
    const tested = [...BOUNDS.map(({ param }) => param), 'tool_choice'];
    expect(tested.toSorted()).toEqual(Object.keys(chatCompletionRequest.in.shape).toSorted());
  });

  it('is dropped when it is not of the specification', () => {
    expect(parse({ no_such_parameter: 1 }).data).toEqual(MINIMAL);
  });
});

describe('parameters that need each other', () => {
  const names = { tool_choice: { type: 'function', function: { name: 'look_up' } } };
  it.each([
    ['stream_options without stream', { stream_options: {} }, 'stream_options'],
    ['stream_options with stream false', { stream_options: {}, stream: false }, 'stream_options'],
    ['top_logprobs without logprobs', { top_logprobs: 1 }, 'top_logprobs'],
    ['tool_choice required without tools', { tool_choice: 'required' }, 'tool_choice'],
    ['tool_choice required with no tool', { tool_choice: 'required', tools: [] }, 'tool_choice'],
    ['a named function without tools', names, 'tool_choice'],
    [
      'a named function that is another',
      { ...names, tools: [{ ...TOOL, function: { name: 'other' } }] },
      'tool_choice',
    ],
    [
      'allowed tools without tools',
      { tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } } },
      'tool_choice',
    ],
    ['a tool_choice of no known kind', { tool_choice: 'any', tools: [TOOL] }, 'tool_choice'],
  ])('%s are refused', (_, fields, param) => {
    expect(fault(fields)?.split('.')[0]).toBe(param);
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
  ])('%s are accepted', (_, fields) => {
    expect(fault(fields)).toBeUndefined();
  });

  it.each(['', 'a b', text(65), 'é', 'a.b'])('a function called %p is refused', (name) => {
    expect(fault({ tools: [{ type: 'function', function: { name } }] })).toBe('tools.0.function.name');
  });
});

/** A schema for a value that is so many objects inside one another. */
function schemaOfLevels(levels: number): object {
  return levels === 0 ? { type: 'string' } : { type: 'object', properties: { a: schemaOfLevels(levels - 1) } };
}

/** A schema of exactly so many bytes. */
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
    ['of 10 levels, lists among them', list(list(schemaOfLevels(8)))],
    ['of choices, which are no levels', { anyOf: [{ allOf: [schemaOfLevels(10)] }, { not: schemaOfLevels(9) }] }],
    ['with parts of 10 levels elsewhere', { $defs: { a: schemaOfLevels(10) }, $ref: '#/$defs/a' }],
    ['with data that looks like a schema', { enum: [schemaOfLevels(11)], default: schemaOfLevels(11) }],
    ['with properties of the names of keywords', { properties: { properties: { type: 'string' } } }],
    ['that is empty', {}],
  ])('is read: one %s', (_, schema) => {
    expect(fault(within(schema))).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['of 64 KB and a byte', schemaOfBytes(65_537)],
    ['of 64 KB and a byte, in characters of four', schemaOfBytes(65_537, '😀')],
    ['of 11 levels', schemaOfLevels(11)],
    ['of 11 levels of lists', list(list(list(schemaOfLevels(8))))],
    ['of 11 levels in a choice', { anyOf: [{ type: 'null' }, { oneOf: [schemaOfLevels(11)] }] }],
    ['of 11 levels that others refer to', { $defs: { a: schemaOfLevels(11) } }],
    ['of 11 levels of anything', { additionalProperties: { prefixItems: [{}, schemaOfLevels(9)] } }],
    ['of 11 levels that patterns name', { patternProperties: { a: schemaOfLevels(10) } }],
    ['that is a list', [{}]],
    ['that is a text', 'object'],
    ['that is a number', 123],
    ['that is true', true],
  ])('is refused: one %s', (_, schema) => {
    expect(fault(within(schema))).toBe(path);
  });
});

describe('names that a client makes up', () => {
  it.each(['metadata', 'logit_bias'])('are counted before they are read: %s', (param) => {
    expect(parse({ [param]: pairs(100_000, null) }).error?.issues).toMatchObject([{ path: [param] }]);
  });
});

describe('the messages of a request', () => {
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
  ])('may be of %s', (_, message) => {
    expect(fault({ messages: [message] })).toBeUndefined();
  });

  it.each([
    ['an unknown role', { role: 'robot', content: 'x' }, 'messages.0.role'],
    ['no role', { content: 'x' }, 'messages.0.role'],
    ['no content', { role: 'user' }, 'messages.0.content'],
    ['null content of a user', { role: 'user', content: null }, 'messages.0.content'],
    ['no parts', { role: 'user', content: [] }, 'messages.0.content'],
    ['too many parts', { role: 'user', content: Array.from({ length: 2_049 }, () => parts[0]) }, 'messages.0.content'],
    ['a part of an unknown kind', { role: 'user', content: [{ type: 'video' }] }, 'messages.0.content'],
    ['an image of the system', { role: 'system', content: [parts[1]] }, 'messages.0.content'],
    ['an assistant that says nothing', { role: 'assistant' }, 'messages.0.content'],
    [
      'an assistant with no calls and no content',
      { role: 'assistant', content: null, tool_calls: [] },
      'messages.0.content',
    ],
    ['a tool that names no call', { role: 'tool', content: 'x' }, 'messages.0.tool_call_id'],
    ['too long a name', { role: 'user', content: 'x', name: text(65) }, 'messages.0.name'],
  ])('are refused for %s', (_, message, path) => {
    expect(fault({ messages: [message] })).toBe(path);
  });
});

describe('a parsed request', () => {
  it('parses again from its own JSON to the same request, whatever it holds', () => {
    const anyOf = (values: readonly unknown[]): fc.Arbitrary<unknown> => fc.constantFrom(...values);
    const some = OPTIONAL.filter(({ with: beside }) => beside === undefined).map(({ param, good }) => [
      param,
      anyOf([...good, null]),
    ]);
    const request = fc.record(Object.fromEntries(some) as Record<string, fc.Arbitrary<unknown>>, { requiredKeys: [] });
    fc.assert(
      fc.property(request, fc.string(), (fields, content) => {
        const first = chatCompletionRequest.parse({ ...MINIMAL, messages: [{ role: 'user', content }], ...fields });
        const text = JSON.stringify(first);
        expect(JSON.stringify(chatCompletionRequest.parse(JSON.parse(text)))).toBe(text);
      }),
    );
  });

  it('keeps a seed of 64 bits as exactly as JSON can', () => {
    const { data } = chatCompletionRequest.safeParse(
      JSON.parse('{"model":"m","messages":[{"role":"user","content":"x"}],"seed":-9223372036854775808}'),
    );
    expect(data?.seed).toBe(-(2 ** 63));
    expect(chatCompletionRequest.safeParse(JSON.parse(JSON.stringify(data))).data).toEqual(data);
  });

  it('cannot carry a prototype', () => {
    const body: unknown = JSON.parse(
      '{"model":"m","messages":[{"role":"user","content":"x"}],"metadata":{"a":"b"},"__proto__":{"polluted":true}}',
    );
    const { data } = chatCompletionRequest.safeParse(body);
    expect((data as { polluted?: boolean }).polluted).toBeUndefined();
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it.each(['metadata', 'logit_bias'])('says that %s cannot have the name __proto__, instead of losing it', (param) => {
    const { error } = chatCompletionRequest.safeParse({
      ...MINIMAL,
      [param]: JSON.parse('{"__proto__":"1"}') as unknown,
    });
    expect(error?.issues[0]).toMatchObject({ path: [param], message: 'may not have the name __proto__' });
  });
});
