import fc from 'fast-check';
import { includable } from '../items/index.ts';
import { readValue } from '../validation/index.ts';
import {
  compactResponseRequest,
  countInputTokensRequest,
  createResponseRequest,
  inputItemsQuery,
  retrieveQuery,
} from './request.ts';
import type { ResponseRequest } from './request.ts';

const MINIMAL = { model: 'm', input: 'hi' } as const;
const HI = { type: 'message', status: 'completed', role: 'user', content: [{ type: 'input_text', text: 'hi' }] };
const FUNCTION = { type: 'function', name: 'look_up' } as const;
const CUSTOM = { type: 'custom', name: 'run' } as const;

function parsed(fields: object): ResponseRequest {
  const result = readValue(createResponseRequest, { ...MINIMAL, ...fields });
  if (!result.ok) throw new Error(result.error.reason);
  return result.value;
}

/** `<param>: <reason>`; undefined if the request is valid. */
function errorOf(fields: object): string | undefined {
  const result = readValue(createResponseRequest, { ...MINIMAL, ...fields });
  return result.ok ? undefined : `${result.error.param}: ${result.error.reason}`;
}

const paramOf = (fields: object): string | undefined => errorOf(fields)?.split(/[:.[]/)[0];

const text = (length: number): string => 'x'.repeat(length);
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
const pairs = (count: number, value: unknown): Record<string, unknown> =>
  Object.fromEntries(times(count, value).map((each, at) => [`k${at}`, each]));

const format = (fields: object): object => ({ format: { type: 'json_schema', name: 'n', schema: {}, ...fields } });

/** Each field with values at its bounds, and just beyond them. */
const BOUNDS: readonly { param: string; valid: readonly unknown[]; invalid: readonly unknown[]; with?: object }[] = [
  { param: 'model', valid: ['x', text(256)], invalid: ['', text(257), 7, null, undefined] },
  {
    param: 'input',
    valid: ['', text(1_000_000), [HI], times(2_048, HI), [{ id: 'msg_1' }, { role: 'system', content: 'x' }]],
    invalid: [7, {}, [], times(2_049, HI), ['hi'], [{ role: 'user' }], null, undefined, text(10_485_761)],
  },
  { param: 'instructions', valid: ['', 'Be brief.'], invalid: [7, ['Be brief.'], text(10_485_761)] },
  {
    param: 'previous_response_id',
    valid: ['resp_1'],
    invalid: ['', 'resp', 'conv_1', 7, `resp_${text(252)}`, 'resp_\0'],
  },
  {
    param: 'conversation',
    valid: ['conv_1', { id: 'conv_1' }, { id: 'conv_1', metadata: {} }],
    invalid: ['', 'resp_1', {}, { id: 'resp_1' }, { id: null }, 7, ['conv_1']],
  },
  { param: 'max_output_tokens', valid: [16, 10_000_000], invalid: [15, 0, -1, 16.5, '16', Infinity] },
  { param: 'max_tool_calls', valid: [1, 1_000], invalid: [0, -1, 1.5, '1'] },
  { param: 'temperature', valid: [0, 1, 2], invalid: [-0.01, 2.01, 3, '1', NaN] },
  { param: 'top_p', valid: [0, 0.5, 1], invalid: [-0.01, 1.01, '1'] },
  { param: 'presence_penalty', valid: [-2, 0, 2], invalid: [-2.01, 2.01, '0'] },
  { param: 'frequency_penalty', valid: [-2, 0, 2], invalid: [-2.01, 2.01, '0'] },
  { param: 'top_logprobs', valid: [0, 20], invalid: [-1, 21, 1.5, '1'] },
  { param: 'truncation', valid: ['auto', 'disabled'], invalid: ['', 'on', true] },
  {
    param: 'text',
    valid: [
      {},
      { format: null, verbosity: null },
      { format: { type: 'text' }, verbosity: 'low' },
      { format: { type: 'json_object' } },
      format({ strict: true, description: 'd' }),
      format({ strict: null, description: null }),
    ],
    invalid: [
      'text',
      { verbosity: 'none' },
      { format: 'json' },
      { format: {} },
      { format: { type: 'xml' } },
      format({ name: 'a b' }),
      format({ name: undefined }),
      format({ schema: undefined }),
      format({ schema: 123 }),
      format({ description: text(65_537) }),
      // As chat completions have it.
      { format: { type: 'json_schema', json_schema: { name: 'n', schema: {} } } },
    ],
  },
  {
    param: 'reasoning',
    valid: [{}, { effort: 'max', summary: 'auto', mode: 'pro', context: 'all_turns' }, { effort: null, summary: null }],
    invalid: [
      'high',
      { effort: 'huge' },
      { summary: 'long' },
      { generate_summary: 'long' },
      { context: 'some' },
      { mode: '' },
    ],
  },
  {
    param: 'tools',
    valid: [
      [],
      [FUNCTION],
      [{ ...FUNCTION, description: null, parameters: null, strict: null, output_schema: null, allowed_callers: null }],
      [{ ...FUNCTION, parameters: { type: 'object' }, strict: true, defer_loading: true, allowed_callers: ['direct'] }],
      [CUSTOM, { ...CUSTOM, format: { type: 'text' } }, { ...CUSTOM, format: null, description: null }],
      [{ ...CUSTOM, format: { type: 'grammar', syntax: 'lark', definition: 'start: "a"' } }],
      [{ type: 'web_search' }, { type: 'namespace', name: 'n', tools: [FUNCTION] }, { type: 'poem', length: 7 }],
      times(128, FUNCTION),
    ],
    invalid: [
      FUNCTION,
      times(129, FUNCTION),
      ['function'],
      [{}],
      [{ type: '' }],
      [{ type: text(65) }],
      [{ type: 7 }],
      [{ type: 'function' }],
      [{ type: 'function', name: 'a b' }],
      [{ type: 'function', name: text(65) }],
      // As chat completions have it.
      [{ type: 'function', function: { name: 'look_up' } }],
      [{ ...FUNCTION, parameters: 'x' }],
      [{ ...FUNCTION, description: text(65_537) }],
      [{ ...FUNCTION, strict: 'yes' }],
      [{ ...FUNCTION, allowed_callers: ['nobody'] }],
      [{ type: 'custom' }],
      [{ ...CUSTOM, format: { type: 'xml' } }],
      [{ ...CUSTOM, format: { type: 'grammar', syntax: 'bnf', definition: '' } }],
      [{ ...CUSTOM, format: { type: 'grammar', syntax: 'regex' } }],
      [{ ...CUSTOM, format: { type: 'grammar', syntax: 'regex', definition: text(65_537) } }],
      [{ type: 'namespace', description: text(262_145) }],
    ],
  },
  {
    param: 'tool_choice',
    valid: [
      'none',
      'auto',
      'required',
      { type: 'function', name: 'look_up' },
      { type: 'custom', name: 'run' },
      { type: 'mcp', server_label: 'docs' },
      { type: 'mcp', server_label: 'docs', name: null },
      { type: 'web_search_preview' },
      { type: 'apply_patch' },
      { type: 'allowed_tools', mode: 'auto', tools: [FUNCTION, { type: 'mcp', server_label: 'docs' }] },
      { type: 'allowed_tools', mode: 'required', tools: [{ type: 'image_generation' }, CUSTOM] },
    ],
    invalid: [
      'x',
      7,
      {},
      [],
      { type: 'poem' },
      { type: 'function' },
      { type: 'function', name: 'run' },
      { type: 'function', function: { name: 'look_up' } },
      { type: 'custom', name: 'look_up' },
      { type: 'mcp' },
      { type: 'allowed_tools', mode: 'none', tools: [FUNCTION] },
      { type: 'allowed_tools', mode: 'auto', tools: [] },
      { type: 'allowed_tools', mode: 'auto', tools: ['look_up'] },
      { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'other' }] },
      { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function' }] },
      { type: 'allowed_tools', mode: 'auto', tools: times(129, FUNCTION) },
    ],
    with: { tools: [FUNCTION, CUSTOM] },
  },
  {
    param: 'include',
    valid: [[], [...includable.options]],
    invalid: ['x', ['everything'], times(9, 'web_search_call.results')],
  },
  { param: 'parallel_tool_calls', valid: [true, false], invalid: ['no', 0] },
  {
    param: 'metadata',
    valid: [{}, pairs(16, text(512)), { [text(64)]: '' }],
    invalid: [pairs(17, ''), { [text(65)]: '' }, { a: text(513) }, { a: 1 }],
  },
  { param: 'store', valid: [true, false], invalid: ['yes', 1] },
  { param: 'background', valid: [true, false], invalid: ['yes', 1] },
  { param: 'stream', valid: [true, false], invalid: ['true', 1, 0] },
  {
    param: 'stream_options',
    valid: [{}, { include_obfuscation: false }, { include_obfuscation: null }],
    invalid: [true, [], { include_obfuscation: 'no' }],
    with: { stream: true },
  },
  {
    param: 'context_management',
    valid: [
      [{ type: 'compaction' }],
      [{ type: 'compaction', compact_threshold: 1_000 }],
      [{ type: 'compaction', compact_threshold: null }],
    ],
    invalid: [
      [],
      {},
      [{}],
      [{ type: 'truncation' }],
      [{ type: 'compaction', compact_threshold: 999 }],
      [{ type: 'compaction', compact_threshold: 1_000.5 }],
      times(2, { type: 'compaction' }),
    ],
  },
  { param: 'service_tier', valid: ['auto', 'ultrafast', text(64)], invalid: [text(65), 1] },
  { param: 'safety_identifier', valid: ['', text(64)], invalid: [text(65), 1, '\0'] },
  { param: 'prompt_cache_key', valid: ['', text(64)], invalid: [text(65), 1, '\ud800'] },
  { param: 'prompt_cache_retention', valid: ['24h', 'in_memory'], invalid: ['1h', 1] },
  {
    param: 'prompt_cache_options',
    valid: [{}, { ttl: '30m', mode: 'explicit' }, { ttl: null, mode: null }],
    invalid: ['x', { ttl: '1h' }, { mode: 'auto' }],
  },
  { param: 'user', valid: ['', text(512)], invalid: [text(513), 1] },
  { param: 'prompt', valid: [], invalid: [{ id: 'pmpt_1' }, 'pmpt_1'] },
  { param: 'moderation', valid: [], invalid: [{ model: 'm' }, true] },
  { param: 'x_detach', valid: [true, false], invalid: ['yes', 1], with: { stream: true } },
];
const OPTIONAL = BOUNDS.filter(({ param }) => param !== 'model' && param !== 'input');

const bounds = BOUNDS.flatMap(({ param, valid, invalid, with: others = {} }) => [
  ...valid.map((value) => ({ param, value, others, isValid: true })),
  ...invalid.map((value) => ({ param, value, others, isValid: false })),
]);
const shown = (value: unknown): string => (JSON.stringify(value) ?? 'undefined').slice(0, 60);

describe('a request for a response', () => {
  it.each(bounds.map((each) => ({ ...each, shown: shown(each.value) })))(
    'with $param: $shown is valid: $isValid',
    ({ param, value, others, isValid }) => {
      expect(paramOf({ ...others, [param]: value })).toBe(isValid ? undefined : param);
    },
  );

  it.each(OPTIONAL.map(({ param }) => param))('has no %s if it is null', (param) => {
    expect(parsed({ [param]: null })).toEqual({ model: 'm', input: [HI] });
    expect(Object.keys(parsed({ [param]: null }))).toEqual(['model', 'input']);
  });

  it('has a case for every field', () => {
    const { shape } = createResponseRequest.in;
    expect(Object.keys(shape).sort()).toEqual(BOUNDS.map(({ param }) => param).sort());
  });

  it('has no unknown fields', () => {
    const { tools, text: output } = parsed({
      mood: 'good',
      tools: [{ ...FUNCTION, mood: 'good' }],
      text: { format: { type: 'text', mood: 'good' } },
    });
    expect(JSON.stringify([tools, output])).not.toContain('mood');
    expect(parsed({ mood: 'good' })).not.toHaveProperty('mood');
  });

  it('parses to itself', () => {
    const independent = OPTIONAL.filter(({ with: others }) => others === undefined).map(({ param, valid }) => [
      param,
      fc.constantFrom(...valid, null),
    ]);
    const request = fc
      .record(Object.fromEntries(independent) as Record<string, fc.Arbitrary<unknown>>, { requiredKeys: [] })
      .filter((fields) => fields['conversation'] == null || fields['previous_response_id'] == null);
    fc.assert(
      fc.property(request, fc.string(), (fields, input) => {
        const first = JSON.stringify(parsed({ ...fields, input }));
        expect(JSON.stringify(createResponseRequest.parse(JSON.parse(first)))).toBe(first);
      }),
    );
  });
});

describe('the input of a request', () => {
  it.each([
    ['a text', 'hi', [HI]],
    ['a message without a type', [{ role: 'user', content: 'hi' }], [HI]],
    ['a reference', [{ id: 'msg_1' }], [{ type: 'item_reference', id: 'msg_1' }]],
    [
      'tools within a conversation',
      [{ type: 'additional_tools', role: 'developer', tools: [FUNCTION] }],
      [{ type: 'additional_tools', role: 'developer', tools: [FUNCTION] }],
    ],
  ])('can be %s', (_, input, expected) => {
    expect(parsed({ input }).input).toEqual(expected);
  });

  it.each([
    ['with an id and a status', { id: 'msg_1', status: 'completed' }],
    ['without an id and a status', {}],
  ])('has messages and reasoning of a model %s', (_, fields) => {
    const reply = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hello' }], ...fields };
    const reasoning = { type: 'reasoning', summary: [], encrypted_content: 'sealed', ...fields };
    expect(parsed({ input: [HI, reply, reasoning, HI] }).input).toMatchObject([
      {},
      { role: 'assistant', content: [{ text: 'Hello', annotations: [], logprobs: [] }] },
      { type: 'reasoning', encrypted_content: 'sealed' },
      {},
    ]);
  });

  it('is required without a history', () => {
    const reason = "input: Invalid value for 'input': is required unless";
    expect(errorOf({ input: undefined })).toContain(reason);
    expect(errorOf({ input: null, instructions: 'Be brief.' })).toContain(reason);
    expect(errorOf({ input: [] })).toContain('must have at least 1 item unless');
  });

  it.each([{ previous_response_id: 'resp_1' }, { conversation: 'conv_1' }, { conversation: { id: 'conv_1' } }])(
    'is optional with %j',
    (fields) => {
      expect(parsed({ ...fields, input: undefined }).input).toEqual([]);
      expect(parsed({ ...fields, input: null }).input).toEqual([]);
      expect(parsed({ ...fields, input: [] }).input).toEqual([]);
    },
  );

  it.each([
    [[HI, { type: 'poem' }], "input[1].type: Invalid value for 'input[1].type'"],
    [[{ type: 'compaction_trigger' }], "input: Invalid value for 'input': must have at least 1 item"],
    [[{ type: 'compaction_trigger' }, HI], "input[0]: Invalid value for 'input[0]': must be the last item"],
    [
      [HI, { type: 'compaction_trigger' }, { type: 'compaction_trigger' }],
      "input[1]: Invalid value for 'input[1]': must be the last item",
    ],
    [[HI, { role: 'user', content: [{ type: 'input_text' }] }], 'input[1].content[0].text: Missing required'],
    [[{ type: 'function_call_output', call_id: 'call_1' }], 'input[0].output: Missing required'],
    [{ role: 'user', content: 'hi' }, "input: Invalid type for 'input': expected a string or an array"],
  ])('is rejected by the name of its fault: %#', (input, reason) => {
    expect(errorOf({ input })).toContain(reason);
  });

  it('is not reported as missing instead of a prompt, which is not supported', () => {
    expect(errorOf({ input: undefined, prompt: { id: 'pmpt_1' } })).toContain("'prompt': is not supported");
  });
});

describe('the fields of a request for a response', () => {
  it.each([
    [{ previous_response_id: 'resp_1', conversation: 'conv_1' }, 'previous_response_id', 'cannot be combined with'],
    [{ stream_options: {} }, 'stream_options', 'is only allowed when stream is true'],
    [{ stream: false, stream_options: { include_obfuscation: true } }, 'stream_options', 'is only allowed'],
    [{ x_detach: true }, 'x_detach', 'is only allowed when stream is true'],
    [{ x_detach: true, background: true }, 'x_detach', 'is only allowed when stream is true'],
    [{ x_detach: true, stream: true, store: false }, 'x_detach', 'is not allowed when store is false'],
    [{ tool_choice: 'required' }, 'tool_choice', 'is only allowed when tools are specified'],
    [{ tool_choice: { type: 'web_search' }, tools: [] }, 'tool_choice', 'is only allowed when tools are specified'],
    [
      { tool_choice: { type: 'function', name: 'other' }, tools: [FUNCTION] },
      'tool_choice',
      "names the function tool 'other', which is not in tools",
    ],
    [
      { tool_choice: { type: 'custom', name: 'look_up' }, tools: [FUNCTION] },
      'tool_choice',
      "names the custom tool 'look_up', which is not in tools",
    ],
    [
      { tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [FUNCTION, CUSTOM] }, tools: [FUNCTION] },
      'tool_choice',
      "names the custom tool 'run', which is not in tools",
    ],
  ])('contradict each other: %j', (fields, param, reason) => {
    expect(paramOf(fields)).toBe(param);
    expect(errorOf(fields)).toContain(reason);
  });

  it.each([
    { tool_choice: 'none' },
    { tool_choice: 'auto', tools: [] },
    { tool_choice: 'required', tools: [{ type: 'web_search' }] },
    { x_detach: false, store: false },
    { x_detach: true, stream: true },
    { x_detach: true, stream: true, store: true, background: true },
    { background: true, store: false },
    { top_logprobs: 2 },
  ])('do not contradict each other: %j', (fields) => {
    expect(errorOf(fields)).toBeUndefined();
  });

  it('have functions as responses have them', () => {
    expect(parsed({ tools: [FUNCTION] }).tools).toEqual([
      { ...FUNCTION, description: null, parameters: null, strict: null },
    ]);
  });

  it('have tools of other types as they are, without credentials', () => {
    const server = { type: 'mcp', server_label: 'docs', server_url: 'https://example.com', require_approval: 'never' };
    const secret = { authorization: 'secret', headers: { 'x-key': 'secret' } };
    expect(parsed({ tools: [{ ...server, ...secret }] }).tools).toEqual([server]);
  });

  it('have the summary of reasoning under one name', () => {
    expect(parsed({ reasoning: { generate_summary: 'concise' } }).reasoning).toEqual({ summary: 'concise' });
    expect(parsed({ reasoning: { generate_summary: 'concise', summary: 'auto' } }).reasoning).toEqual({
      summary: 'auto',
    });
  });

  it('have the id of the conversation', () => {
    expect(parsed({ conversation: { id: 'conv_1' } }).conversation).toBe('conv_1');
    expect(parsed({ conversation: 'conv_1' }).conversation).toBe('conv_1');
  });
});

describe.each([
  ['countInputTokensRequest', countInputTokensRequest],
  ['compactResponseRequest', compactResponseRequest],
] as const)('%s', (_, schema) => {
  const read = (fields: object): unknown => readValue<typeof schema>(schema, { model: 'm', ...fields });

  it('has items as input', () => {
    expect(read({ input: 'hi', instructions: null })).toEqual({ ok: true, value: { model: 'm', input: [HI] } });
    expect(read({ previous_response_id: 'resp_1' })).toMatchObject({ ok: true, value: { input: [] } });
  });

  it.each([
    [{}, 'input'],
    [{ input: [] }, 'input'],
    [{ input: 'hi', model: null }, 'model'],
    [{ input: 'hi', previous_response_id: 'x' }, 'previous_response_id'],
    [{ input: 7 }, 'input'],
  ])('rejects %j', (fields, param) => {
    expect(read(fields)).toMatchObject({ ok: false, error: { param } });
  });
});

describe('countInputTokensRequest', () => {
  it.each([
    [{ personality: 'friendly' }, 'personality'],
    [{ conversation: 'conv_1', previous_response_id: 'resp_1' }, 'previous_response_id'],
    [{ tool_choice: { type: 'function', name: 'f' }, tools: [FUNCTION] }, 'tool_choice'],
    [{ truncation: 'some' }, 'truncation'],
  ])('rejects %j', (fields, param) => {
    expect(readValue(countInputTokensRequest, { ...MINIMAL, ...fields })).toMatchObject({
      ok: false,
      error: { param },
    });
  });
});

describe('retrieveQuery', () => {
  it.each([
    [{}, { include: [], stream: false }],
    [
      { stream: 'true', starting_after: '0', include_obfuscation: 'false' },
      { include: [], stream: true, starting_after: 0, include_obfuscation: false },
    ],
    [{ stream: 'false' }, { include: [], stream: false }],
    [{ include: { '': ['reasoning.encrypted_content'] } }, { include: ['reasoning.encrypted_content'], stream: false }],
  ])('reads %j', (query, value) => {
    expect(readValue(retrieveQuery, query)).toEqual({ ok: true, value });
  });

  it.each([
    [{ stream: 'yes' }, 'stream'],
    [{ starting_after: '3' }, 'starting_after'],
    [{ starting_after: '3', stream: 'false' }, 'starting_after'],
    [{ include_obfuscation: 'true' }, 'include_obfuscation'],
    [{ stream: 'true', starting_after: '-1' }, 'starting_after'],
    [{ stream: 'true', starting_after: '1.5' }, 'starting_after'],
    [{ stream: 'true', starting_after: '1'.repeat(10) }, 'starting_after'],
    [{ include: 'everything' }, 'include[0]'],
  ])('rejects %j', (query, param) => {
    expect(readValue(retrieveQuery, query)).toMatchObject({ ok: false, error: { param } });
  });
});

describe('inputItemsQuery', () => {
  it('has the last items first, 20 by default', () => {
    expect(readValue(inputItemsQuery, {})).toEqual({ ok: true, value: { limit: 20, order: 'desc', include: [] } });
  });

  it.each([
    [{ limit: '0' }, 'limit'],
    [{ limit: '101' }, 'limit'],
    [{ order: 'newest' }, 'order'],
    [{ after: '' }, 'after'],
  ])('rejects %j', (query, param) => {
    expect(readValue(inputItemsQuery, query)).toMatchObject({ ok: false, error: { param } });
  });
});
