/**
 * Limits of input: a value just within a limit reaches the engine, and one just beyond it is rejected with the name of the
 * field before it reaches an engine. Hostile text of a client or a model changes neither streams nor logs.
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
  // A gateway of its own, because this suite reads its log and sends oversized bodies.
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
const repeat = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
const pairs = (count: number, value: unknown): object =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [String(i), value]));

const tool = (definition: object = {}): object => ({ type: 'function', function: { name: 'look', ...definition } });
const call = (fields: object = {}): object => ({
  id: 'call_1',
  type: 'function',
  function: { name: 'look', arguments: '{}' },
  ...fields,
});
const withMessage = (message: object): ChatBody => ({ messages: [hello, message] });
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

type Limit = readonly [name: string, param: string, within: ChatBody, beyond: ChatBody];

const LIMITS: readonly Limit[] = [
  ['name of a model', 'model', { model: text(256) }, { model: text(257) }],
  ['maximum of messages', 'messages', { messages: repeat(2_048, hello) }, { messages: repeat(2_049, hello) }],
  ['minimum of messages', 'messages', { messages: [hello] }, { messages: [] }],
  [
    'content parts of a message',
    'messages[1].content',
    withMessage({ role: 'user', content: repeat(2_048, { type: 'text', text: 'a' }) }),
    withMessage({ role: 'user', content: repeat(2_049, { type: 'text', text: 'a' }) }),
  ],
  [
    'name in a message',
    'messages[1].name',
    withMessage({ ...hello, name: text(64) }),
    withMessage({ ...hello, name: text(65) }),
  ],
  [
    'tool calls in a message',
    'messages[1].tool_calls',
    withMessage({ role: 'assistant', tool_calls: repeat(128, call()) }),
    withMessage({ role: 'assistant', tool_calls: repeat(129, call()) }),
  ],
  [
    'id of a tool call',
    'messages[1].tool_calls[0].id',
    withMessage({ role: 'assistant', tool_calls: [call({ id: text(256) })] }),
    withMessage({ role: 'assistant', tool_calls: [call({ id: text(257) })] }),
  ],
  ['max_tokens', 'max_tokens', { max_tokens: 1 }, { max_tokens: 0 }],
  ['max_completion_tokens', 'max_completion_tokens', { max_completion_tokens: 1 }, { max_completion_tokens: 0 }],
  ['maximum temperature', 'temperature', { temperature: 2 }, { temperature: 2.000_001 }],
  ['minimum temperature', 'temperature', { temperature: 0 }, { temperature: -0.000_001 }],
  ['top_p', 'top_p', { top_p: 1 }, { top_p: 1.000_001 }],
  ['maximum frequency_penalty', 'frequency_penalty', { frequency_penalty: 2 }, { frequency_penalty: 2.1 }],
  ['minimum presence_penalty', 'presence_penalty', { presence_penalty: -2 }, { presence_penalty: -2.1 }],
  ['maximum n', 'n', { n: 128 }, { n: 129 }],
  ['minimum n', 'n', { n: 1 }, { n: 0 }],
  ['maximum seed', 'seed', { seed: 2 ** 63 }, { seed: 2 ** 63 + 2_048 }],
  ['minimum seed', 'seed', { seed: -(2 ** 63) }, { seed: -(2 ** 63) - 2_048 }],
  ['maximum top_logprobs', 'top_logprobs', { logprobs: true, top_logprobs: 20 }, { logprobs: true, top_logprobs: 21 }],
  ['minimum top_logprobs', 'top_logprobs', { logprobs: true, top_logprobs: 0 }, { logprobs: true, top_logprobs: -1 }],
  ['entries of logit_bias', 'logit_bias', { logit_bias: pairs(1_024, 1) }, { logit_bias: pairs(1_025, 1) }],
  ['maximum logit_bias', 'logit_bias.7', { logit_bias: { 7: 100 } }, { logit_bias: { 7: 100.5 } }],
  ['minimum logit_bias', 'logit_bias.7', { logit_bias: { 7: -100 } }, { logit_bias: { 7: -100.5 } }],
  ['stop sequences', 'stop', { stop: repeat(4, 'a') }, { stop: repeat(5, 'a') }],
  ['length of a stop sequence', 'stop', { stop: text(256) }, { stop: text(257) }],
  ['length of one of several stop sequences', 'stop[1]', { stop: ['a', text(256)] }, { stop: ['a', text(257)] }],
  ['tools', 'tools', { tools: repeat(128, tool()) }, { tools: repeat(129, tool()) }],
  [
    'name of a function',
    'tools[0].function.name',
    { tools: [tool({ name: text(64) })] },
    { tools: [tool({ name: text(65) })] },
  ],
  [
    'description of a function',
    'tools[0].function.description',
    { tools: [tool({ description: text(65_536) })] },
    { tools: [tool({ description: text(65_537) })] },
  ],
  [
    'size of function parameters',
    'tools[0].function.parameters',
    { tools: [tool({ parameters: schemaOfBytes(65_536) })] },
    { tools: [tool({ parameters: schemaOfBytes(65_537) })] },
  ],
  [
    'depth of function parameters',
    'tools[1].function.parameters',
    { tools: [tool(), tool({ parameters: levels(10) })] },
    { tools: [tool(), tool({ parameters: levels(11) })] },
  ],
  [
    'size of a JSON schema',
    'response_format.json_schema.schema',
    format({ name: 'a', schema: schemaOfBytes(65_536) }),
    format({ name: 'a', schema: schemaOfBytes(65_537) }),
  ],
  [
    'depth of a JSON schema',
    'response_format.json_schema.schema',
    format({ name: 'a', schema: levels(10) }),
    format({ name: 'a', schema: levels(11) }),
  ],
  [
    'name of a JSON schema',
    'response_format.json_schema.name',
    format({ name: text(64), schema: {} }),
    format({ name: text(65), schema: {} }),
  ],
  ['metadata', 'metadata', { metadata: pairs(16, 'v') }, { metadata: pairs(17, 'v') }],
  ['metadata value', 'metadata.k', { metadata: { k: text(512) } }, { metadata: { k: text(513) } }],
  ['metadata key', `metadata.${text(64)}`, { metadata: { [text(64)]: 'v' } }, { metadata: { [text(65)]: 'v' } }],
  ['user', 'user', { user: text(512) }, { user: text(513) }],
  ['NUL in user', 'user', { user: '\u0001' }, { user: '\0' }],
  ['lone surrogate in user', 'user', { user: '\ud83d\ude00' }, { user: '\ud83d' }],
  [
    'prediction',
    'prediction.content',
    { prediction: { type: 'content', content: text(131_072) } },
    { prediction: { type: 'content', content: text(131_073) } },
  ],
  [
    'prediction in content parts',
    'prediction.content',
    { prediction: { type: 'content', content: repeat(2, { type: 'text', text: text(65_536) }) } },
    { prediction: { type: 'content', content: repeat(3, { type: 'text', text: text(65_536) }) } },
  ],
  ['allowed tools', 'tool_choice', { tools: [tool()], ...allowed('look') }, { tools: [tool()], ...allowed('leap') }],
  [
    'minimum of allowed tools',
    'tool_choice',
    { tools: [tool()], ...allowed('look') },
    { tools: [tool()], ...allowed() },
  ],
  ['service_tier', 'service_tier', { service_tier: text(64) }, { service_tier: text(65) }],
  ['verbosity', 'verbosity', { verbosity: 'medium' }, { verbosity: 'low' }],
  ['moderation', 'moderation', { moderation: null }, { moderation: { mode: 'block' } }],
];

describe('parameter', () => {
  it.each(LIMITS)('is accepted up to its limit and rejected beyond it: %s', async (_, param, within, beyond) => {
    await test.api.chat(withField(within));
    expect(upstream.takeRequests()).not.toEqual([]);
    for (const stream of [false, true]) {
      const response = await test.api.rejected(withField({ ...beyond, stream }));
      expectError(response, 400, expect.stringMatching(/^(invalid_request|unsupported_parameter)$/) as never, param);
    }
    expect(upstream.takeRequests()).toEqual([]);
  });

  const NUMERIC_PARAMETERS = [
    'n',
    'max_tokens',
    'max_completion_tokens',
    'seed',
    'temperature',
    'top_p',
    'presence_penalty',
  ];
  it.each(NUMERIC_PARAMETERS)('rejects values that are not finite numbers: %s', async (param) => {
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

  it('given twice has its last value', async () => {
    const twice = (first: number, last: number): string =>
      JSON.stringify(withField({ n: last })).replace('{', `{"n":${first},`);
    expect((await test.api.post(twice(129, 1))).status).toBe(200);
    upstream.takeRequests();
    expectError(await test.api.rejected(twice(1, 129)), 400, 'invalid_request', 'n');
    expect(upstream.takeRequests()).toEqual([]);
  });

  it('that is only a hint for the provider is accepted', async () => {
    await test.api.chat(withField({ prompt_cache_key: 'k', safety_identifier: 'u', prompt_cache_retention: '24h' }));
  });
});

describe('body', () => {
  const base = JSON.stringify(withField({ other: 0 }));
  const withOther = (other: string): string => base.replace('"other":0', `"other":${other}`);
  const nested = (count: number): string => '['.repeat(count) + ']'.repeat(count);
  const parts = base.match(/[{[:]/g)?.length ?? 0;

  it.each<[string, string, string]>([
    ['64 levels of nesting', withOther(nested(63)), withOther(nested(64))],
    [
      '100,000 objects, arrays and keys',
      withOther(`[${repeat(100_000 - parts - 1, '{}').join()}]`),
      withOther(`[${repeat(100_000 - parts, '{}').join()}]`),
    ],
    [
      '100,000 duplicate keys',
      withOther(`{${repeat(100_000 - parts - 1, '"a":0').join()}}`),
      withOther(`{${repeat(100_000 - parts, '"a":0').join()}}`),
    ],
  ])('may have at most %s', async (_, within, beyond) => {
    expect((await test.api.post(within)).status).toBe(200);
    upstream.takeRequests();
    expectError(await test.api.rejected(beyond), 400, 'invalid_request', null);
    expect(upstream.takeRequests()).toEqual([]);
  });

  it('with a million keys is rejected without blocking other requests', async () => {
    const keys = (count: number): string => `{${Array.from({ length: count }, (_, i) => `"k${i}":1`).join()}}`;
    for (const field of ['metadata', 'logit_bias', 'response_format', 'anything']) {
      const body = base.replace('"other":0', `"${field}":${keys(1_000_000)}`);
      const [rejected, served] = await Promise.all([test.api.rejected(body), test.api.post(withField({}))]);
      expectError(rejected, 400, 'invalid_request', null);
      expect(served.status).toBe(200);
    }
    const body = base.replace('"other":0', `"metadata":${keys(90_000)}`);
    expectError(await test.api.rejected(body), 400, 'invalid_request', 'metadata');
  });

  it.each<[string, readonly number[]]>([
    ['an invalid first byte', [0xff]],
    ['a truncated sequence', [0xe2, 0x82]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['an overlong encoding', [0xc0, 0xaf]],
  ])('that is not UTF-8 is rejected, since replacement characters would change the prompt: %s', async (_, bytes) => {
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
    'accepts the key %s without prototype pollution',
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

describe('header', () => {
  it.each(['X-SLO-TTFT-Ms', 'X-SLO-TPOT-Ms'])('%s has limits', async (name) => {
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
    'X-Request-ID of a client is not used as the request id: %j',
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
  ])('Authorization returns 401 for %j', async (authorization) => {
    const response = await test.api.rejected(withField({}), { key: null, headers: { authorization } });
    expectError(response, 401, 'invalid_api_key', null);
    expect(upstream.takeRequests()).toEqual([]);
  });

  it.each(['Authorization: Bearer x\u0000y', 'X-Any: a\u0000b', 'X-Any: a\rb', 'X Any: a', 'Content-Length: 1, 1'])(
    'that is malformed returns 400: %j',
    async (header) => {
      const head = postText(`${test.api.endpointUrl}/chat/completions`, test.description.apiKey, '{}');
      const response = await rawExchange(test.description.baseUrl, head.replace('\r\n', `\r\n${header}\r\n`));
      expect(response.status).toBe(400);
      expect(JSON.parse(response.body)).toMatchObject({ error: { code: 'invalid_request' } });
    },
  );
});

/** All are returned verbatim, except for lone surrogates, which U+FFFD replaces. */
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

describe('text of a model', () => {
  const chunk = (delta: object, finish: string | null = null): object => ({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 0,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
  });

  it.each(HOSTILE_TEXTS)('is streamed verbatim and cannot end the stream: %j', async (hostile) => {
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

  it.each(HOSTILE_TEXTS)('is returned verbatim without streaming: %j', async (hostile) => {
    const message = { role: 'assistant', content: hostile };
    const choices = [{ index: 0, message, finish_reason: 'stop' }];
    upstream.reply = { stream: false, bodies: [{ object: 'chat.completion', choices }] };
    const { body } = await test.api.chat(withField({}));
    expect(body.choices[0]?.message.content).toBe(hostile.toWellFormed());
  });
});

describe('text of a client', () => {
  const CANARY = 'a-prompt-that-must-not-be-logged';

  it('cannot forge log entries, and prompts are not logged', async () => {
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
