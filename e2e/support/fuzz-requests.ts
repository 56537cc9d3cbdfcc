/**
 * Malformed chat requests: a valid body with one to three mutations of values, names, bytes and headers. fast-check generates
 * only the mutations; the bodies are built when they are sent.
 */
import fc from 'fast-check';

export interface FuzzRequest {
  /** The mutations, for the report of a failure. */
  readonly title: string;
  readonly endpointSlug: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

type Json = Record<string, unknown>;
/** A label for reports, and the text. */
type Named = readonly [label: string, text: string];

type Mutation =
  | { readonly kind: 'replace' | 'duplicate'; readonly at: number; readonly text: Named }
  | { readonly kind: 'add'; readonly at: number; readonly name: Named; readonly text: Named }
  | { readonly kind: 'remove'; readonly at: number }
  | { readonly kind: 'edit'; readonly at: number; readonly edit: readonly [label: string, edit: Edit] }
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> };

/** Changes the bytes of a body at a relative position from 0 to 1. */
type Edit = (body: Buffer, at: number) => Buffer;

const nested = (depth: number, open: string, close: string): Named => [
  `${depth} levels of ${open}`,
  `${open.repeat(depth)}1${close.repeat(depth)}`,
];
const same = (text: string): Named => [text, text];

const VALUES: readonly Named[] = [
  ...['null', 'true', 'false', '0', '-0', '-1', '1.5', '2', '129', '1e400', '-1e400', '1e308', '5e-324'].map(same),
  ...['9007199254740993', '18446744073709551616', '-9223372036854775809', '""', '" "', '"a"', '"1"', '"null"'].map(
    same,
  ),
  ...['"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\uffff"', '"\\u202e"', '"😀"', '"e\\u0301"', '"\\r\\n"'].map(
    same,
  ),
  ...['"__proto__"', '"constructor"', '"user"', '"tool"', '"auto"', '"required"', '"text"', '"json_schema"'].map(same),
  ...['[]', '{}', '[[]]', '[{}]', '[null]', '["a"]', '["a","b","c","d","e"]', '[1e400]', '{"0":"a"}'].map(same),
  ...['{"type":"text"}', '{"type":"function"}', '{"type":"json_object"}', '{"type":"text","text":null}'].map(same),
  ...['{"__proto__":{"n":9}}', '{"constructor":{"prototype":{"n":9}}}', '{"toString":1,"valueOf":2}'].map(same),
  ...['{"length":-1}', '{"length":4294967296,"0":"a"}', '{"toJSON":1}', '{"then":1}', '{"":{"":""}}'].map(same),
  ...[
    '"data:image/png;base64,AAAA"',
    '"https://127.0.0.1/x.png"',
    '"[[script {]]"',
    '"[[script {\\"tokens\\":-1}]]"',
  ].map(same),
  ['a number of 400 digits', '9'.repeat(400)],
  ['an array of 3,000 messages', JSON.stringify(Array.from({ length: 3_000 }, () => ({ role: 'user', content: 'a' })))],
  ['an object of 2,000 keys', JSON.stringify(Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [i, i])))],
  ['64 KB of text', JSON.stringify('x'.repeat(65_536))],
  nested(50, '[', ']'),
  nested(50, '{"a":', '}'),
  nested(63, '[', ']'),
  nested(1_000, '[', ']'),
  nested(5_000, '{"a":', '}'),
];
const HUGE: readonly Named[] = [
  ['1 MB of text', JSON.stringify('x'.repeat(1_000_000))],
  ['1 MB of escapes', `"${'\\ud83d\\ude00'.repeat(80_000)}"`],
  ['1 MB of lone surrogates', `"${'\\ud800'.repeat(160_000)}"`],
  ['1 MB of digits', '7'.repeat(1_000_000)],
  ['100,000 objects', `[${'{},'.repeat(99_999)}{}]`],
  ['8 MB of text', JSON.stringify('word '.repeat(1_600_000))],
];

const NAMES: readonly Named[] = [
  ...['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString', 'valueOf', 'toJSON', 'then'].map(same),
  ...['length', '', ' ', '0', '-1', '\u0000', '\\', '"', '😀', 'unknown', 'Model', 'messages ', 'name'].map(same),
  ...['stream', 'stream_options', 'n', 'stop', 'seed', 'tools', 'tool_choice', 'response_format', 'logprobs'].map(same),
  ...['top_logprobs', 'logit_bias', 'metadata', 'user', 'max_tokens', 'max_completion_tokens', 'temperature'].map(same),
  ...['top_p', 'prediction', 'reasoning_effort', 'service_tier', 'store', 'audio', 'modalities', 'functions'].map(same),
  ...['function_call', 'web_search_options', 'parallel_tool_calls', 'tool_calls', 'refusal', 'role', 'content'].map(
    same,
  ),
  ['a key of 10,000 characters', 'k'.repeat(10_000)],
];

const insert =
  (...bytes: readonly (number | string)[]): Edit =>
  (body, at) => {
    const place = Math.floor(at * body.length);
    const middle = bytes.map((part) => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part)));
    return Buffer.concat([body.subarray(0, place), ...middle, body.subarray(place)]);
  };
const around =
  (before: string, after: string): Edit =>
  (body) =>
    Buffer.concat([Buffer.from(before), body, Buffer.from(after)]);

const EDITS: readonly (readonly [string, Edit])[] = [
  ['truncate the end', (body, at) => body.subarray(0, Math.floor(at * body.length))],
  ['truncate the beginning', (body, at) => body.subarray(Math.floor(at * body.length))],
  [
    'remove a byte',
    (body, at) => Buffer.concat([body.subarray(0, at * body.length), body.subarray(at * body.length + 1)]),
  ],
  [
    'flip a bit',
    (body, at) => body.map((byte, i) => (i === Math.floor(at * body.length) ? byte ^ 0x20 : byte)) as Buffer,
  ],
  ['insert NUL', insert(0)],
  ['insert an invalid UTF-8 byte', insert(0xff)],
  ['insert a truncated UTF-8 sequence', insert(0xe2, 0x82)],
  ['insert a surrogate as UTF-8', insert(0xed, 0xa0, 0x80)],
  ['insert an overlong UTF-8 encoding', insert(0xc0, 0xaf)],
  ...['"', '\\', '{', '}', '[', ']', ',', ':', '\n', '\u2028', '\ufeff', '/**/', 'NaN', '\\u12', "'"].map(
    (text) => [`insert ${JSON.stringify(text)}`, insert(text)] as const,
  ),
  ['prepend a byte order mark', around('\ufeff', '')],
  ['prepend 1,000 spaces', around(' '.repeat(1_000), '')],
  ['append another value', around('', '{}')],
  ['append NUL', around('', '\u0000')],
  ['wrap in an array', around('[', ']')],
  ['wrap in an object', around('{"body":', '}')],
  ['encode as a JSON string', (body) => Buffer.from(JSON.stringify(body.toString()))],
  ['encode as UTF-16', (body) => Buffer.from(body.toString(), 'utf16le')],
  ['encode as a form', (body) => Buffer.from(`body=${encodeURIComponent(body.toString().slice(0, 1_000))}`)],
  ['empty', () => Buffer.alloc(0)],
];

const HEADERS: readonly Readonly<Record<string, string>>[] = [
  ...['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'].map(
    (type) => ({ 'content-type': type }),
  ),
  ...['', 'json', '/', 'application/', 'application/json;', 'application/json; charset=utf-16', 'APPLICATION/JSON'].map(
    (type) => ({ 'content-type': type }),
  ),
  ...['application/json; charset="', 'application/jsonx', 'application/vnd.api+json', 'x'.repeat(5_000)].map(
    (type) => ({
      'content-type': type,
    }),
  ),
  ...['gzip', 'br', 'identity', 'x'].map((encoding) => ({ 'content-encoding': encoding })),
  { 'transfer-encoding': 'chunked' },
  { accept: 'text/html' },
  { 'accept-encoding': 'x' },
  { traceparent: '00-zz-zz-01' },
  { expect: '100-continue' },
];

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const anyJson: fc.Arbitrary<Named> = fc.json({ maxDepth: 4 }).map(same);
const text = fc.oneof(
  { weight: 60, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 20, arbitrary: anyJson },
  { weight: 1, arbitrary: fc.constantFrom(...HUGE) },
);
const name = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...NAMES) }, fc.string({ unit: 'binary' }).map(same));

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('replace' as const), at: place, text }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('add' as const), at: place, name, text }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('duplicate' as const), at: place, text }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: place }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('edit' as const), at: place, edit: fc.constantFrom(...EDITS) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('headers' as const), headers: fc.constantFrom(...HEADERS) }),
  },
);

const script = (): Json => ({ role: 'user', content: '[[script {"tokens":1,"promptTokens":1}]]' });

/** Bodies that are valid before the mutations, for every engine or for some. */
const BODIES: readonly (() => Json)[] = [
  () => ({ model: 'm', messages: [script()] }),
  () => ({ model: 'm', messages: [script()], stream: true }),
  () => ({ model: 'm', messages: [script()], stream: true, stream_options: { include_usage: true }, n: 2 }),
  () => ({
    model: 'm',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'Hello' }] },
      { role: 'assistant', content: null, tool_calls: [toolCall()] },
      { role: 'tool', content: '7', tool_call_id: 'call_1' },
      script(),
    ],
  }),
  () => ({
    model: 'm',
    messages: [script()],
    temperature: 1,
    top_p: 1,
    max_tokens: 4,
    max_completion_tokens: 4,
    stop: ['end'],
    seed: 1,
    user: 'u',
    metadata: { k: 'v' },
    response_format: { type: 'text' },
  }),
  () => ({
    model: 'm',
    messages: [script()],
    tools: [{ type: 'function', function: { name: 'add', parameters: { type: 'object', properties: {} } } }],
    tool_choice: { type: 'function', function: { name: 'add' } },
    logit_bias: { 7: 1 },
    logprobs: true,
    top_logprobs: 2,
    frequency_penalty: 0,
    presence_penalty: 0,
  }),
  () => ({
    model: 'm',
    messages: [script()],
    response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object' }, strict: true } },
    prediction: { type: 'content', content: [{ type: 'text', text: 'a' }] },
    reasoning_effort: 'low',
  }),
];

function toolCall(): Json {
  return { id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":3,"b":4}' } };
}

export const fuzzRequest: fc.Arbitrary<{ readonly make: () => FuzzRequest }> = fc
  .record({
    endpointSlug: fc.constantFrom('chat', 'chat', 'upstream'),
    body: fc.nat({ max: BODIES.length - 1 }),
    mutations: fc.array(mutation, { minLength: 1, maxLength: 3 }),
  })
  .map(({ endpointSlug, body, mutations }) => ({
    make: () => ({
      title: `body ${body}: ${mutations.map(titleOf).join(', ')}`,
      endpointSlug,
      headers: Object.assign(
        { 'content-type': 'application/json' },
        ...mutations.map((change) => (change.kind === 'headers' ? change.headers : {})),
      ) as Record<string, string>,
      body: bodyOf((BODIES[body] as () => Json)(), mutations),
    }),
  }));

function titleOf(change: Mutation): string {
  const short = ([label]: Named): string => label.slice(0, 80);
  switch (change.kind) {
    case 'replace':
    case 'duplicate':
      return `${change.kind} with ${short(change.text)}`;
    case 'add':
      return `add ${JSON.stringify(short(change.name))}: ${short(change.text)}`;
    case 'remove':
      return 'remove';
    case 'edit':
      return change.edit[0];
    case 'headers':
      return JSON.stringify(change.headers).slice(0, 80);
  }
}

function bodyOf(body: Json, mutations: readonly Mutation[]): Buffer {
  const draft = new Draft(body);
  for (const change of mutations) {
    if (change.kind === 'replace') draft.replace(change.at, change.text[1]);
    else if (change.kind === 'duplicate') draft.duplicate(change.at, change.text[1]);
    else if (change.kind === 'add') draft.add(change.at, change.name[1], change.text[1]);
    else if (change.kind === 'remove') draft.remove(change.at);
  }
  return mutations.reduce<Buffer>(
    (bytes, change) => (change.kind === 'edit' ? change.edit[1](bytes, change.at) : bytes),
    Buffer.from(draft.toString()),
  );
}

type Slot = readonly [container: Json, name: string];

/** A body during its mutation. Placeholders stand for text that `JSON.stringify` cannot produce. */
class Draft {
  readonly #body: Json;
  readonly #texts: string[] = [];

  constructor(body: Json) {
    this.#body = body;
  }

  replace(at: number, text: string): void {
    this.#at(at, ([container, name]) => (container[name] = this.#placeholder(text)));
  }

  remove(at: number): void {
    this.#at(at, ([container, name]) => {
      if (Array.isArray(container)) container.splice(Number(name), 1);
      else delete container[name];
    });
  }

  /** Adds a duplicate key to the object, or a duplicate element to the array. */
  duplicate(at: number, text: string): void {
    this.#at(at, ([container, name]) => {
      if (Array.isArray(container)) container.push(container[Number(name)]);
      else container[this.#placeholder(JSON.stringify(name))] = this.#placeholder(text);
    });
  }

  add(at: number, name: string, text: string): void {
    this.#at(at, ([container]) => {
      if (Array.isArray(container)) container.push(this.#placeholder(text));
      else container[this.#placeholder(JSON.stringify(name))] = this.#placeholder(text);
    });
  }

  toString(): string {
    return JSON.stringify(this.#body).replaceAll(/"@(\d+)@"/g, (_, index) => this.#texts[Number(index)] as string);
  }

  #placeholder(text: string): string {
    return `@${this.#texts.push(text) - 1}@`;
  }

  #at(at: number, change: (slot: Slot) => void): void {
    const slots = slotsOf(this.#body);
    const slot = slots[Math.floor(at * slots.length)];
    if (slot !== undefined) change(slot);
  }
}

function slotsOf(container: Json): Slot[] {
  return Object.entries(container).flatMap(([name, value]) => [
    [container, name] as const,
    ...(typeof value === 'object' && value !== null ? slotsOf(value as Json) : []),
  ]);
}
