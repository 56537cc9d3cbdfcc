/**
 * Where input ends: what is just within a bound reaches the engine, and what is just beyond it is refused by the name of the
 * field, before an engine sees anything of it. And what a client or a model says stays what it is, in streams and in logs.
 */
import { eventually } from '@xerotier/testing';
import { readFile } from 'node:fs/promises';
import type { ChatBody } from './support/api-client.ts';
import { expectError } from './support/chat-checks.ts';
import { postText, rawExchange } from './support/raw-http.ts';
import type { RawResponse } from './support/raw-http.ts';
import { ScriptedUpstream } from './support/scripted-upstream.ts';
import { testPlatform } from './support/test-platform.ts';

const upstream = new ScriptedUpstream();
const test = testPlatform(async () => {
  await upstream.start();
  // A gateway of its own: its log is read, and it gets what is too large.
  return { ...upstream.plan({ slots: 8 }), gateways: 1 };
});
afterAll(() => upstream.stop());
beforeEach(() => {
  upstream.reply = undefined;
  upstream.takeRequests();
});

const hello = { role: 'user', content: 'Hello' };
const withField = (fields: ChatBody): ChatBody => ({ model: 'm', messages: [hello], ...fields });

const text = (length: number): string => 'x'.repeat(length);
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
const pairs = (count: number, value: unknown): object =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [String(i), value]));

const tool = (definition: object = {}): object => ({ type: 'function', function: { name: 'look', ...definition } });
const call = (fields: object = {}): object => ({
  id: 'call_1',
  type: 'function',
  function: { name: 'look', arguments: '{}' },
  ...fields,
});
const said = (message: object): ChatBody => ({ messages: [hello, message] });
const format = (json_schema: object): ChatBody => ({ response_format: { type: 'json_schema', json_schema } });
const levels = (count: number): object =>
  count === 0 ? { type: 'string' } : { type: 'object', properties: { a: levels(count - 1) } };
const schemaOfBytes = (bytes: number): object => ({ description: text(bytes - '{"description":""}'.length) });

const allowed = (...names: string[]): ChatBody => ({
  tool_choice: {
    type: 'allowed_tools',
    allowed_tools: { mode: 'required', tools: names.map((name) => ({ type: 'function', function: { name } })) },
  },
});

type Bound = readonly [name: string, param: string, within: ChatBody, beyond: ChatBody];

const BOUNDS: readonly Bound[] = [
  ['the name of a model', 'model', { model: text(256) }, { model: text(257) }],
  ['messages', 'messages', { messages: times(2_048, hello) }, { messages: times(2_049, hello) }],
  ['no messages', 'messages', { messages: [hello] }, { messages: [] }],
  [
    'parts of a message',
    'messages[1].content',
    said({ role: 'user', content: times(2_048, { type: 'text', text: 'a' }) }),
    said({ role: 'user', content: times(2_049, { type: 'text', text: 'a' }) }),
  ],
  ['the name in a message', 'messages[1].name', said({ ...hello, name: text(64) }), said({ ...hello, name: text(65) })],
  [
    'calls in a message',
    'messages[1].tool_calls',
    said({ role: 'assistant', tool_calls: times(128, call()) }),
    said({ role: 'assistant', tool_calls: times(129, call()) }),
  ],
  [
    'the id of a call',
    'messages[1].tool_calls[0].id',
    said({ role: 'assistant', tool_calls: [call({ id: text(256) })] }),
    said({ role: 'assistant', tool_calls: [call({ id: text(257) })] }),
  ],
  ['max_tokens', 'max_tokens', { max_tokens: 1 }, { max_tokens: 0 }],
  ['max_completion_tokens', 'max_completion_tokens', { max_completion_tokens: 1 }, { max_completion_tokens: 0 }],
  ['a high temperature', 'temperature', { temperature: 2 }, { temperature: 2.000_001 }],
  ['a low temperature', 'temperature', { temperature: 0 }, { temperature: -0.000_001 }],
  ['top_p', 'top_p', { top_p: 1 }, { top_p: 1.000_001 }],
  ['a high frequency_penalty', 'frequency_penalty', { frequency_penalty: 2 }, { frequency_penalty: 2.1 }],
  ['a low presence_penalty', 'presence_penalty', { presence_penalty: -2 }, { presence_penalty: -2.1 }],
  ['many choices', 'n', { n: 128 }, { n: 129 }],
  ['few choices', 'n', { n: 1 }, { n: 0 }],
  ['a high seed', 'seed', { seed: 2 ** 63 }, { seed: 2 ** 63 + 2_048 }],
  ['a low seed', 'seed', { seed: -(2 ** 63) }, { seed: -(2 ** 63) - 2_048 }],
  ['many top_logprobs', 'top_logprobs', { logprobs: true, top_logprobs: 20 }, { logprobs: true, top_logprobs: 21 }],
  ['few top_logprobs', 'top_logprobs', { logprobs: true, top_logprobs: 0 }, { logprobs: true, top_logprobs: -1 }],
  ['biases', 'logit_bias', { logit_bias: pairs(1_024, 1) }, { logit_bias: pairs(1_025, 1) }],
  ['a high bias', 'logit_bias.7', { logit_bias: { 7: 100 } }, { logit_bias: { 7: 100.5 } }],
  ['a low bias', 'logit_bias.7', { logit_bias: { 7: -100 } }, { logit_bias: { 7: -100.5 } }],
  ['stop sequences', 'stop', { stop: times(4, 'a') }, { stop: times(5, 'a') }],
  ['a stop sequence', 'stop', { stop: text(256) }, { stop: text(257) }],
  ['one of several stop sequences', 'stop[1]', { stop: ['a', text(256)] }, { stop: ['a', text(257)] }],
  ['tools', 'tools', { tools: times(128, tool()) }, { tools: times(129, tool()) }],
  [
    'the name of a function',
    'tools[0].function.name',
    { tools: [tool({ name: text(64) })] },
    { tools: [tool({ name: text(65) })] },
  ],
  [
    'the description of a function',
    'tools[0].function.description',
    { tools: [tool({ description: text(65_536) })] },
    { tools: [tool({ description: text(65_537) })] },
  ],
  [
    'the size of parameters',
    'tools[0].function.parameters',
    { tools: [tool({ parameters: schemaOfBytes(65_536) })] },
    { tools: [tool({ parameters: schemaOfBytes(65_537) })] },
  ],
  [
    'the depth of parameters',
    'tools[1].function.parameters',
    { tools: [tool(), tool({ parameters: levels(10) })] },
    { tools: [tool(), tool({ parameters: levels(11) })] },
  ],
  [
    'the size of a form',
    'response_format.json_schema.schema',
    format({ name: 'a', schema: schemaOfBytes(65_536) }),
    format({ name: 'a', schema: schemaOfBytes(65_537) }),
  ],
  [
    'the depth of a form',
    'response_format.json_schema.schema',
    format({ name: 'a', schema: levels(10) }),
    format({ name: 'a', schema: levels(11) }),
  ],
  [
    'the name of a form',
    'response_format.json_schema.name',
    format({ name: text(64), schema: {} }),
    format({ name: text(65), schema: {} }),
  ],
  ['metadata', 'metadata', { metadata: pairs(16, 'v') }, { metadata: pairs(17, 'v') }],
  ['a value of metadata', 'metadata.k', { metadata: { k: text(512) } }, { metadata: { k: text(513) } }],
  ['a key of metadata', `metadata.${text(64)}`, { metadata: { [text(64)]: 'v' } }, { metadata: { [text(65)]: 'v' } }],
  ['user', 'user', { user: text(512) }, { user: text(513) }],
  ['what a database cannot hold in user', 'user', { user: '\u0001' }, { user: '\0' }],
  ['half a character in user', 'user', { user: '\ud83d\ude00' }, { user: '\ud83d' }],
  [
    'a prediction',
    'prediction.content',
    { prediction: { type: 'content', content: text(131_072) } },
    { prediction: { type: 'content', content: text(131_073) } },
  ],
  [
    'a prediction in parts',
    'prediction.content',
    { prediction: { type: 'content', content: times(2, { type: 'text', text: text(65_536) }) } },
    { prediction: { type: 'content', content: times(3, { type: 'text', text: text(65_536) }) } },
  ],
  ['allowed tools', 'tool_choice', { tools: [tool()], ...allowed('look') }, { tools: [tool()], ...allowed('leap') }],
  ['no allowed tools', 'tool_choice', { tools: [tool()], ...allowed('look') }, { tools: [tool()], ...allowed() }],
  ['service_tier', 'service_tier', { service_tier: text(64) }, { service_tier: text(65) }],
  ['verbosity', 'verbosity', { verbosity: 'medium' }, { verbosity: 'low' }],
  ['moderation', 'moderation', { moderation: null }, { moderation: { mode: 'block' } }],
];

describe('a parameter', () => {
  it.each(BOUNDS)('reaches the engine up to its bound, and not beyond: %s', async (_, param, within, beyond) => {
    await test.api.chat(withField(within));
    expect(upstream.takeRequests()).not.toEqual([]);
    for (const stream of [false, true]) {
      const response = await test.api.rejected(withField({ ...beyond, stream }));
      expectError(response, 400, expect.stringMatching(/^(invalid_request|unsupported_parameter)$/) as never, param);
    }
    expect(upstream.takeRequests()).toEqual([]);
  });

  const NUMBERS = ['n', 'max_tokens', 'max_completion_tokens', 'seed', 'temperature', 'top_p', 'presence_penalty'];
  it.each(NUMBERS)('that is a number is no other: %s', async (param) => {
    for (const value of [
      '1e400',
      '-1e400',
      '1e309',
      '"1"',
      '""',
      'true',
      '{}',
      '[1]',
      '[]',
      text(0).padEnd(400, '9'),
    ]) {
      const body = JSON.stringify(withField({ [param]: 0 })).replace(`"${param}":0`, `"${param}":${value}`);
      expectError(await test.api.rejected(body), 400, 'invalid_request', param);
    }
    for (const value of ['NaN', 'Infinity', '-Infinity', '01', '+1', '0x1', '1.', 'undefined']) {
      const body = JSON.stringify(withField({ [param]: 0 })).replace(`"${param}":0`, `"${param}":${value}`);
      expectError(await test.api.rejected(body), 400, 'json_parse_error', null);
    }
    expect(upstream.takeRequests()).toEqual([]);
  });

  it('that comes twice is what comes last', async () => {
    const twice = (first: number, last: number): string =>
      JSON.stringify(withField({ n: last })).replace('{', `{"n":${first},`);
    expect((await test.api.post(twice(129, 1))).status).toBe(200);
    upstream.takeRequests();
    expectError(await test.api.rejected(twice(1, 129)), 400, 'invalid_request', 'n');
    expect(upstream.takeRequests()).toEqual([]);
  });

  it('that only helps a provider is accepted', async () => {
    await test.api.chat(withField({ prompt_cache_key: 'k', safety_identifier: 'u', prompt_cache_retention: '24h' }));
  });
});

describe('a body', () => {
  const base = JSON.stringify(withField({ other: 0 }));
  const withOther = (other: string): string => base.replace('"other":0', `"other":${other}`);
  const nested = (count: number): string => '['.repeat(count) + ']'.repeat(count);
  const parts = base.match(/[{[:]/g)?.length ?? 0;

  it.each<[string, string, string]>([
    ['64 levels', withOther(nested(63)), withOther(nested(64))],
    [
      '100,000 objects, lists and names',
      withOther(`[${times(100_000 - parts - 1, '{}').join()}]`),
      withOther(`[${times(100_000 - parts, '{}').join()}]`),
    ],
    [
      '100,000 names that are the same',
      withOther(`{${times(100_000 - parts - 1, '"a":0').join()}}`),
      withOther(`{${times(100_000 - parts, '"a":0').join()}}`),
    ],
  ])('may have %s, and no more', async (_, within, beyond) => {
    expect((await test.api.post(within)).status).toBe(200);
    upstream.takeRequests();
    expectError(await test.api.rejected(beyond), 400, 'invalid_request', null);
    expect(upstream.takeRequests()).toEqual([]);
  });

  it('with a million names where few belong is refused, and others are served meanwhile', async () => {
    const names = (count: number): string => `{${Array.from({ length: count }, (_, i) => `"k${i}":1`).join()}}`;
    for (const field of ['metadata', 'logit_bias', 'response_format', 'anything']) {
      const body = base.replace('"other":0', `"${field}":${names(1_000_000)}`);
      const [rejected, served] = await Promise.all([test.api.rejected(body), test.api.post(withField({}))]);
      expectError(rejected, 400, 'invalid_request', null);
      expect(served.status).toBe(200);
    }
    const body = base.replace('"other":0', `"metadata":${names(90_000)}`);
    expectError(await test.api.rejected(body), 400, 'invalid_request', 'metadata');
  });

  it.each<[string, readonly number[]]>([
    ['a byte that begins no character', [0xff]],
    ['half a character', [0xe2, 0x82]],
    ['half a pair', [0xed, 0xa0, 0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
  ])('that is not UTF-8 is refused, since another text would reach the model: %s', async (_, bytes) => {
    const url = `${test.api.endpointUrl}/chat/completions`;
    const [before = '', after = ''] = JSON.stringify(withField({ messages: [{ role: 'user', content: '@' }] })).split(
      '@',
    );
    const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
    const head = postText(url, test.description.apiKey, '').replace(
      'Content-Length: 0',
      `Content-Length: ${body.length}`,
    );
    const response: RawResponse = await rawExchange(test.description.baseUrl, head, body);
    expect({ status: response.status, ...JSON.parse(response.body).error }).toMatchObject({
      status: 400,
      code: 'json_parse_error',
    });
    expect(upstream.takeRequests()).toEqual([]);
  });

  it.each(['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toJSON', 'then'])(
    'may have %s as a name, which means nothing',
    async (name) => {
      const evil = JSON.stringify({ n: 9, polluted: true, prototype: { polluted: true } });
      const body = JSON.stringify(
        withField({ tools: [tool({ parameters: { properties: { here: {} } } })], metadata: { k: 'v' } }),
      )
        .replace('{', `{"${name}":${evil},`)
        .replace('"here":', `"${name}":`);
      const response = await test.api.post(body);
      expect(response.status).toBe(200);
      expect(response.body).toMatchObject({ choices: [{ index: 0 }] });
      expect(upstream.takeRequests()).toHaveLength(1);
      expect(await test.api.chat(withField({}))).not.toHaveProperty('body.polluted');
    },
  );
});

describe('a header', () => {
  it.each(['X-SLO-TTFT-Ms', 'X-SLO-TPOT-Ms'])('%s has bounds', async (name) => {
    for (const value of ['1', '86400000'])
      expect((await test.api.chat(withField({}), { headers: { [name]: value } })).status).toBe(200);
    upstream.takeRequests();
    for (const value of ['0', '86400001', '-1', '1.5', '1e3', 'NaN', '', '1, 2', '9'.repeat(1_000), '\u00b2']) {
      const response = await test.api.rejected(withField({}), { headers: { [name]: value } });
      expectError(response, 400, 'invalid_request', name);
    }
    expect(upstream.takeRequests()).toEqual([]);
  });

  it.each(['mine', 'req_00000000000000000000000000000000', 'a\tb', '{"a":1}', 'x'.repeat(5_000)])(
    'X-Request-ID of a client is not ours: %j',
    async (id) => {
      const { requestId } = await test.api.chat(withField({}), { headers: { 'x-request-id': id } });
      expect(requestId).toMatch(/^req_[0-9a-f]{32}$/);
      expect(requestId).not.toBe(id);
    },
  );

  it.each([
    'Bearer \u00e9',
    'Bearer {"a":1}',
    'Bearer xero_demo_\t',
    'Bearer\txero',
    'xero_demo_x',
    'Bearer ,',
    'Bearer null',
  ])('Authorization that is %j is 401', async (authorization) => {
    const response = await test.api.rejected(withField({}), { key: null, headers: { authorization } });
    expectError(response, 401, 'invalid_api_key', null);
    expect(upstream.takeRequests()).toEqual([]);
  });

  it.each(['Authorization: Bearer x\u0000y', 'X-Any: a\u0000b', 'X-Any: a\rb', 'X Any: a', 'Content-Length: 1, 1'])(
    'that is no header (%j) is 400',
    async (header) => {
      const head = postText(`${test.api.endpointUrl}/chat/completions`, test.description.apiKey, '{}');
      const response = await rawExchange(test.description.baseUrl, head.replace('\r\n', `\r\n${header}\r\n`));
      expect(response.status).toBe(400);
      expect(JSON.parse(response.body)).toMatchObject({ error: { code: 'invalid_request' } });
    },
  );
});

/** All come out as they are, but for halves of surrogate pairs, which are no text: U+FFFD comes in their place. */
const HOSTILE_TEXTS: readonly string[] = [
  '\n\ndata: [DONE]\n\n',
  '\r\n\r\ndata: [DONE]\r\n\r\n',
  '\rdata: {"choices":[]}\r',
  'event: error\ndata: {"error":{"message":"x"}}\n\n',
  'id: 1\nretry: 0\n\n: comment\n\n',
  '0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  '\u2028\u2029\u0085\u0000\u0001\u007f\ufeff',
  'half \ud83d and \ude00 half',
  '"}]}\n\n\\"\\n\\u0000',
  '\u202e</script><!--',
];

describe('what a model says', () => {
  const chunk = (delta: object, finish: string | null = null): object => ({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 0,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
  });

  it.each(HOSTILE_TEXTS)('cannot end a stream, nor be changed by one: %j', async (hostile) => {
    const pieces = [...Array.from(hostile), hostile];
    upstream.reply = {
      stream: true,
      bodies: [
        chunk({ role: 'assistant', content: '' }),
        ...pieces.map((content) => chunk({ content })),
        chunk({}, 'stop'),
      ] as never,
    };
    const stream = await test.api.stream(withField({}));
    expect(await stream.ended).toBe('done');
    expect(stream.text()).toBe(pieces.join('').toWellFormed());
    expect(stream.finishReasons()).toEqual(['stop']);
  });

  it.each(HOSTILE_TEXTS)('is the same in one piece: %j', async (hostile) => {
    const message = { role: 'assistant', content: hostile };
    const choices = [{ index: 0, message, finish_reason: 'stop' }];
    upstream.reply = { stream: false, bodies: [{ object: 'chat.completion', choices }] };
    const { body } = await test.api.chat(withField({}));
    expect(body.choices[0]?.message.content).toBe(hostile.toWellFormed());
  });
});

describe('what a client says', () => {
  const CANARY = 'a-prompt-that-nobody-else-may-read';

  it('is no line of a log, whatever it holds and wherever it stands', async () => {
    const { baseUrl, projectId, apiKey } = test.description;
    const lines = '\r\n{"level":"error","msg":"forged"}\r\n\u2028forged';
    for (const hostile of [lines, '\u0000\u001b[31m', '\ud800']) {
      await test.api.post(withField({ model: `m${hostile}`, user: hostile, metadata: { k: CANARY } }));
      await test.api.post(withField({ messages: [{ role: 'user', content: CANARY + hostile }] }));
      await test.api.post(withField({ [hostile]: 1, temperature: hostile }));
      await test.api.with({ projectId: 'x' }).post(withField({ model: hostile }));
    }
    for (const path of [
      `/${projectId}/ch%0d%0a%7b%22msg%22:%22forged%22%7d/v1/models`,
      `/${projectId}%0aforged/chat/v1/models`,
      `/${projectId}/chat/v1/models/%0d%0aforged%00%1b`,
      `/%0aforged?key=${CANARY}`,
      '/%zz%0aforged',
    ]) {
      const response = await rawExchange(
        baseUrl,
        `GET ${path} HTTP/1.1\r\nHost: forged\r\nAuthorization: Bearer ${apiKey}\r\nUser-Agent: \tforged"}\r\nConnection: close\r\n\r\n`,
      );
      expect([400, 404]).toContain(response.status);
      expect(() => JSON.parse(response.body) as unknown).not.toThrow();
    }
    const { requestId } = await test.api.chat(withField({}));
    const log = await eventually('the log has the last request', async () => {
      const written = await readFile(test.platform.service('gateway').spec.logFile, 'utf8');
      return written.includes(requestId) ? written : undefined;
    });
    const written = log.trimEnd().split('\n');
    expect(written.length).toBeGreaterThan(10);
    for (const line of written) {
      const entry = JSON.parse(line) as Record<string, unknown>;
      expect([line, entry['msg']]).toEqual([line, expect.any(String)]);
      expect(entry['msg']).not.toContain('forged');
      expect(line).not.toContain(CANARY);
      expect(line).not.toContain(apiKey);
    }
  });
});
