/** Conversations through the public API, with the official SDK and without it. */
import { scriptedPlatform } from '@xerotier/dev';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import OpenAI from 'openai';
import type { ConversationItem } from 'openai/resources/conversations/items';
import pg from 'pg';
import { errorOf } from './support/site-visitor.ts';
import { addTenant } from './support/tenant.ts';
import { testPlatform } from './support/test-platform.ts';

const test = testPlatform(() => scriptedPlatform({ slots: 1 }));

const INCLUDE = [
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'message.input_image.image_url',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
  'reasoning.encrypted_content',
  'message.output_text.logprobs',
] as const;

const client = (): OpenAI =>
  new OpenAI({ baseURL: test.description.projectUrl, apiKey: test.description.apiKey, maxRetries: 0 });

type Message = { type: 'message'; role: 'user'; content: string };
const message = (content: string): Message => ({ type: 'message', role: 'user', content });
const messages = (count: number): Message[] => Array.from({ length: count }, (_, at) => message(`m${at}`));

function textOf(item: ConversationItem): string {
  const [part] = item.type === 'message' ? item.content : [];
  return part !== undefined && 'text' in part ? part.text : '';
}

interface Sent {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly project?: string;
}

/** Sends a request without the SDK. */
function send(method: string, path: string, body?: unknown, { key, headers, project }: Sent = {}): Promise<Response> {
  const { baseUrl, projectId, apiKey } = test.description;
  return fetch(`${baseUrl}/${project ?? projectId}/v1/conversations${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key ?? apiKey}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

async function rejectionOf(response: Promise<Response>): Promise<[number, string | null, string | null]> {
  const received = await response;
  const { error } = (await received.json()) as { error: { code: string | null; param: string | null } };
  return [received.status, error.code, error.param];
}

async function jsonOf<T>(response: Promise<Response>): Promise<T> {
  const received = await response;
  const body = (await received.json()) as T;
  expect({ status: received.status, body }).toMatchObject({ status: 200 });
  return body;
}

describe('conversations.*', () => {
  it('has the whole life of a conversation', async () => {
    const openai = client();
    const created = await openai.conversations.create({ metadata: { topic: 'é😀' }, items: messages(20) });
    test.schema.expectValid('ConversationResource', created);
    expect(created).toMatchObject({
      ...{ id: expect.stringMatching(/^conv_[0-9a-f]{48}$/), object: 'conversation', metadata: { topic: 'é😀' } },
      created_at: expect.any(Number),
    });
    expect(await openai.conversations.retrieve(created.id)).toEqual(created);
    const updated = await openai.conversations.update(created.id, { metadata: { a: 'b' } });
    expect(updated).toEqual({ ...created, metadata: { a: 'b' } });
    expect(await openai.conversations.update(created.id, { metadata: null })).toEqual({ ...created, metadata: {} });
    const deleted = await openai.conversations.delete(created.id);
    test.schema.expectValid('DeletedConversationResource', deleted);
    expect(deleted).toEqual({ id: created.id, object: 'conversation.deleted', deleted: true });
  });

  it('creates an empty conversation, also without a body', async () => {
    const empty = await client().conversations.create();
    expect(empty.metadata).toEqual({});
    const bare = await jsonOf<{ id: string; metadata: object }>(send('POST', ''));
    expect(bare.metadata).toEqual({});
    const page = await client().conversations.items.list(bare.id);
    expect([page.data, page.has_more, page.last_id]).toEqual([[], false, '']);
  });

  it('is listed, the newest first, in pages', async () => {
    const tenant = await addTenant(test.platform, 'scripted');
    const ours = { key: tenant.apiKey, project: tenant.projectId };
    const ids: string[] = [];
    for (let at = 0; at < 5; at += 1) ids.push((await jsonOf<{ id: string }>(send('POST', '', {}, ours))).id);
    interface Page {
      readonly data: { id: string }[];
      readonly has_more: boolean;
      readonly last_id: string;
    }
    const seen: string[] = [];
    let page: Page;
    do {
      const after = seen.length === 0 ? '' : `&after=${seen.at(-1)}`;
      page = await jsonOf<Page>(send('GET', `?limit=2${after}`, undefined, ours));
      for (const conversation of page.data) test.schema.expectValid('ConversationResource', conversation);
      seen.push(...page.data.map(({ id }) => id));
      expect(page.last_id).toBe(seen.at(-1));
      expect(page.has_more).toBe(seen.length < 5);
    } while (page.has_more);
    expect(seen).toEqual(ids.toReversed());
    expect(await rejectionOf(send('GET', '?after=conv_none', undefined, ours))).toEqual([
      ...[400, 'invalid_request', 'after'],
    ]);
  });
});

describe('conversations.items.*', () => {
  it('creates, lists, retrieves and deletes items', async () => {
    const openai = client();
    const conversation = await openai.conversations.create({ items: messages(3) });
    const added = await openai.conversations.items.create(conversation.id, {
      items: [message('a'), { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' }, message('b')],
    });
    test.schema.expectValid('ConversationItemList', added);
    expect(added).toMatchObject({ object: 'list', has_more: false });
    expect(added.data.map(({ type }) => type)).toEqual(['message', 'function_call', 'message']);
    expect([added.first_id, added.last_id]).toEqual([added.data[0]?.id, added.data[2]?.id]);
    const { data } = await openai.conversations.items.list(conversation.id);
    expect(data.map(textOf)).toEqual(['b', '', 'a', 'm2', 'm1', 'm0']);
    expect(data.slice(0, 3).toReversed()).toEqual(added.data);
    for (const item of data) {
      const found = await openai.conversations.items.retrieve(item.id ?? '', { conversation_id: conversation.id });
      test.schema.expectValid('ConversationItem', found);
      expect(found).toEqual(item);
    }
    const id = data[1]?.id ?? '';
    // The conversation, as the specification has it.
    expect(await openai.conversations.items.delete(id, { conversation_id: conversation.id })).toEqual(conversation);
    const rest = await openai.conversations.items.list(conversation.id, { order: 'asc' });
    expect(rest.data.map(textOf)).toEqual(['m0', 'm1', 'm2', 'a', 'b']);
    await expect(openai.conversations.items.retrieve(id, { conversation_id: conversation.id })).rejects.toMatchObject({
      status: 404,
      code: 'item_not_found',
    });
  });

  it('accepts one item as the body', async () => {
    const { id } = await client().conversations.create();
    const added = await jsonOf<{ data: ConversationItem[] }>(send('POST', `/${id}/items`, message('one')));
    expect(added.data.map(textOf)).toEqual(['one']);
    const short = await jsonOf<{ data: ConversationItem[] }>(
      send('POST', `/${id}/items`, { role: 'user', content: '' }),
    );
    const reference = { id: short.data[0]?.id };
    const other = await client().conversations.create();
    const again = await jsonOf<{ data: ConversationItem[] }>(send('POST', `/${other.id}/items`, reference));
    expect(again.data).toEqual(short.data);
  });

  it.each(['asc', 'desc'] as const)('lists items in pages, %s', async (order) => {
    const openai = client();
    const { id } = await openai.conversations.create({ items: messages(7) });
    const all = messages(7).map(({ content }) => content);
    const expected = order === 'asc' ? all : all.toReversed();
    for (const limit of [1, 3, 6, 7, 100]) {
      const seen: string[] = [];
      for await (const item of openai.conversations.items.list(id, { order, limit })) seen.push(textOf(item));
      expect(seen).toEqual(expected);
    }
    const page = await openai.conversations.items.list(id, { order, limit: 3 });
    expect([page.data.map(textOf), page.has_more]).toEqual([expected.slice(0, 3), true]);
    const { first_id: first } = (page as unknown as { body: { first_id: string } }).body;
    expect([first, page.last_id]).toEqual([page.data[0]?.id, page.data[2]?.id]);
    const next = await openai.conversations.items.list(id, { order, limit: 4, after: page.last_id });
    expect([next.data.map(textOf), next.has_more]).toEqual([expected.slice(3), false]);
  });

  it('has 20 items in a page by default', async () => {
    const openai = client();
    const { id } = await openai.conversations.create({ items: messages(20) });
    await openai.conversations.items.create(id, { items: messages(1) });
    const page = await openai.conversations.items.list(id);
    expect([page.data.length, page.has_more]).toEqual([20, true]);
  });

  it('keeps every kind of item of the specification, with its fields', async () => {
    const file = join(import.meta.dirname, 'fixtures/conversation-items.json');
    const samples = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>[];
    const openai = client();
    const { id } = await openai.conversations.create();
    for (const [at, sample] of samples.entries()) {
      const [item] = (await openai.conversations.items.create(id, { items: [sample as never], include: [...INCLUDE] }))
        .data;
      test.schema.expectValid('ConversationItem', item);
      const { id: _ofClient, content, output, ...fields } = sample;
      expect({ at, item }).toMatchObject({ at, item: fields });
      if (Array.isArray(content)) expect(item).toMatchObject({ content });
      if (output !== undefined) expect(item).toMatchObject({ output });
      // Without what has to be requested, it is still one.
      const found = await openai.conversations.items.retrieve(item?.id ?? '', { conversation_id: id });
      test.schema.expectValid('ConversationItem', found);
    }
    const page = await jsonOf<{ data: object[] }>(send('GET', `/${id}/items?limit=100`));
    test.schema.expectValid('ConversationItemList', page);
    expect(page.data).toHaveLength(samples.length);
  });

  it('has an image, encrypted reasoning and log probabilities on request only', async () => {
    const openai = client();
    const image = 'data:image/png;base64,AAAA';
    const { id } = await openai.conversations.create({
      items: [
        { role: 'user', content: [{ type: 'input_image', image_url: image, detail: 'auto' }] },
        { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'sealed' },
      ],
    });
    const listed = async (include: (typeof INCLUDE)[number][]): Promise<string> =>
      JSON.stringify((await openai.conversations.items.list(id, { include })).data);
    expect(await listed([])).not.toMatch(/base64|sealed/);
    expect(await listed(['message.input_image.image_url'])).toContain(image);
    expect(await listed(['message.input_image.image_url'])).not.toContain('sealed');
    expect(await listed(['message.input_image.image_url', 'reasoning.encrypted_content'])).toContain('sealed');
    for (const { id: item } of (await openai.conversations.items.list(id)).data as { id: string }[]) {
      const one = async (include: (typeof INCLUDE)[number][]): Promise<string> =>
        JSON.stringify(await openai.conversations.items.retrieve(item, { conversation_id: id, include }));
      expect(await one([])).not.toMatch(/base64|sealed/);
      expect(await one(['message.input_image.image_url', 'reasoning.encrypted_content'])).toMatch(/base64|sealed/);
    }
    expect(await rejectionOf(send('GET', `/${id}/items?include=everything`))).toEqual([
      ...[400, 'invalid_request', 'include[0]'],
    ]);
  });

  it('keeps items of several megabytes', async () => {
    const openai = client();
    const text = '文'.repeat(2_000_000);
    const { id } = await openai.conversations.create({ items: [message(text), message('small')] });
    const items = [];
    for await (const item of openai.conversations.items.list(id, { order: 'asc' })) items.push(item);
    expect(items.map(textOf)).toEqual([text, 'small']);
  });

  it('keeps the order of concurrent requests', async () => {
    const openai = client();
    const { id } = await openai.conversations.create();
    const writers = [...'abcdef'];
    await Promise.all(
      writers.map((writer) =>
        openai.conversations.items.create(id, { items: [0, 1, 2].map((at) => message(`${writer}${at}`)) }),
      ),
    );
    const texts = [];
    for await (const item of openai.conversations.items.list(id, { order: 'asc', limit: 5 })) texts.push(textOf(item));
    expect(texts).toHaveLength(18);
    for (const writer of writers) expect(texts.join()).toContain(`${writer}0,${writer}1,${writer}2`);
  });
});

describe('an invalid request', () => {
  let id: string;
  beforeAll(async () => {
    ({ id } = await client().conversations.create());
  });
  const invalid = (param: string | null): unknown => [400, 'invalid_request', param];
  const bad = { role: 'user', content: [{ type: 'input_text' }] };
  const pairs = Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`k${at}`, 'v']));

  it.each([
    ['21 items', { items: messages(21) }, 'items'],
    ['an unknown type', { items: [message('a'), { type: 'poem' }] }, 'items[1].type'],
    ['a part without text', { items: [...messages(3), bad] }, 'items[3].content[0].text'],
    ['17 pairs of metadata', { metadata: pairs }, 'metadata'],
    ['a long name', { metadata: { ['k'.repeat(65)]: 'v' } }, `metadata.${'k'.repeat(64)}`],
    ['a long value', { metadata: { k: 'v'.repeat(513) } }, 'metadata.k'],
    ['a value that is a list', { metadata: { k: [] } }, 'metadata.k'],
    ['a body that is a list', [], null],
  ])('to create a conversation is rejected: %s', async (_, body, param) => {
    expect(await rejectionOf(send('POST', '', body))).toEqual(invalid(param));
  });

  it.each([
    ['no items', { items: [] }, 'items'],
    ['21 items', { items: messages(21) }, 'items'],
    ['nothing', {}, 'items'],
    ['an invalid item', { items: [bad] }, 'items[0].content[0].text'],
    ['one invalid item', bad, 'content[0].text'],
    ['one item of an unknown type', { type: 'poem' }, 'type'],
  ])('to create items is rejected: %s', async (_, body, param) => {
    expect(await rejectionOf(send('POST', `/${id}/items`, body))).toEqual(invalid(param));
  });

  it.each(['limit=0', 'limit=101', 'limit=x', 'order=up', 'after='])('for items is rejected: %s', async (query) => {
    expect(await rejectionOf(send('GET', `/${id}/items?${query}`))).toEqual(invalid(query.split('=')[0] ?? ''));
  });

  it('without metadata to update, or without a body, is rejected', async () => {
    expect(await rejectionOf(send('POST', `/${id}`, {}))).toEqual(invalid('metadata'));
    expect(await rejectionOf(send('POST', `/${id}`))).toEqual([400, 'json_parse_error', null]);
    const pairs = Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`k${at}`, 'v']));
    const { metadata } = await client().conversations.retrieve(id);
    expect(await rejectionOf(send('POST', `/${id}`, { metadata: pairs }))).toEqual(invalid('metadata'));
    expect((await client().conversations.retrieve(id)).metadata).toEqual(metadata);
    expect(await rejectionOf(send('POST', `/${id}/items`, '{'))).toEqual([400, 'json_parse_error', null]);
  });

  it('has left the conversation empty', async () => {
    expect((await client().conversations.items.list(id)).data).toEqual([]);
  });
});

describe('a conversation that cannot be found', () => {
  /** Every operation on a conversation, or on an item of it. */
  const verbs = (id: string, item: string): [string, string, unknown?][] => [
    ['GET', `/${id}`],
    ['POST', `/${id}`, { metadata: { a: 'changed' } }],
    ['POST', `/${id}/items`, { items: messages(1) }],
    ['GET', `/${id}/items`],
    ['GET', `/${id}/items/${item}`],
    ['DELETE', `/${id}/items/${item}`],
    ['DELETE', `/${id}`],
  ];

  async function rejections(id: string, item: string, options: Sent = {}): Promise<unknown[]> {
    const found = [];
    for (const [method, path, body] of verbs(id, item))
      found.push((await rejectionOf(send(method, path, body, options))).slice(0, 2));
    return found;
  }

  const unknownItem = `msg_${'0'.repeat(48)}`;
  const notFound = verbs('', '').map(() => [404, 'conversation_not_found']);

  it('is a 404 for every verb if it never was', async () => {
    expect(await rejections(`conv_${'0'.repeat(48)}`, unknownItem)).toEqual(notFound);
    expect(await rejections('conv_', unknownItem)).toEqual(notFound);
    expect(await rejections(`conv_${'x'.repeat(90)}`, unknownItem)).toEqual(notFound);
  });

  it('is a 404 for every verb once it is deleted', async () => {
    const { id } = await client().conversations.create({ items: messages(1) });
    const [item] = (await client().conversations.items.list(id)).data;
    await client().conversations.delete(id);
    expect(await rejections(id, item?.id ?? '')).toEqual(notFound);
  });

  it('is a 404 for every verb of another project, which changes nothing', async () => {
    const openai = client();
    const created = await openai.conversations.create({ metadata: { a: 'b' }, items: messages(2) });
    const before = (await openai.conversations.items.list(created.id)).data;
    const tenant = await addTenant(test.platform, 'scripted');
    const theirs = { key: tenant.apiKey, project: tenant.projectId };
    expect(await rejections(created.id, before[0]?.id ?? '', theirs)).toEqual(notFound);
    const own = await jsonOf<{ id: string }>(send('POST', '', {}, theirs));
    const reference = { items: [{ type: 'item_reference', id: before[0]?.id }] };
    expect(await rejectionOf(send('POST', `/${own.id}/items`, reference, theirs))).toEqual([
      ...[404, 'item_not_found', 'items[0].id'],
    ]);
    expect(await errorOf(send('GET', `/${own.id}/items/${before[0]?.id}`, undefined, theirs))).toEqual([
      ...[404, 'item_not_found'],
    ]);
    expect(await openai.conversations.retrieve(created.id)).toEqual(created);
    expect((await openai.conversations.items.list(created.id)).data).toEqual(before);
  });

  it.each(['resp_1', 'CONV_1', 'conv', '%20', '%00'])('is a 400 for what is no id: %s', async (id) => {
    const found = await rejections(id, unknownItem);
    expect(found).toEqual(notFound.map(() => [400, 'invalid_request']));
  });

  it('is a 400 for what is no id of an item', async () => {
    const { id } = await client().conversations.create();
    for (const item of ['resp_1', 'conv_1', 'x'])
      expect(await rejectionOf(send('GET', `/${id}/items/${item}`))).toEqual([400, 'invalid_request', 'item_id']);
    expect(await rejectionOf(send('GET', `/${id}/items/msg_1`))).toEqual([404, 'item_not_found', null]);
  });

  it('needs a key with the scope inference', async () => {
    const { id } = await client().conversations.create();
    const key = test.description.managementKey;
    for (const [method, path, body] of verbs(id, unknownItem))
      expect(await errorOf(send(method, path, body, { key }))).toEqual([403, 'scope_insufficient']);
    expect(await errorOf(send('POST', '', {}, { key }))).toEqual([403, 'scope_insufficient']);
  });
});

describe('a reference to an item', () => {
  it('puts it into another conversation, which keeps it when the first one is deleted', async () => {
    const openai = client();
    const first = await openai.conversations.create({ items: messages(2) });
    const [item] = (await openai.conversations.items.list(first.id)).data;
    const reference = { type: 'item_reference' as const, id: item?.id ?? '' };
    const second = await openai.conversations.create({ items: [message('new'), reference] });
    await openai.conversations.delete(first.id);
    expect((await openai.conversations.items.list(second.id)).data.map(textOf)).toEqual(['m1', 'new']);
    expect((await openai.conversations.items.list(second.id)).data[0]).toEqual(item);
    // It is in this conversation already.
    expect(await rejectionOf(send('POST', `/${second.id}/items`, { items: [reference] }))).toEqual([
      ...[400, 'invalid_request', 'items[0].id'],
    ]);
  });

  it('to nothing is a 404 that creates nothing', async () => {
    const { id } = await client().conversations.create();
    const items = [message('a'), { type: 'item_reference', id: 'msg_none' }];
    expect(await rejectionOf(send('POST', `/${id}/items`, { items }))).toEqual([404, 'item_not_found', 'items[1].id']);
    expect((await client().conversations.items.list(id)).data).toEqual([]);
  });
});

describe('a repeated request', () => {
  it('with an Idempotency-Key gets the first response', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const create = (items = messages(2)): Promise<Response> => send('POST', '', { items }, { headers });
    const [first, second] = await Promise.all([jsonOf<{ id: string }>(create()), jsonOf<{ id: string }>(create())]);
    expect(second).toEqual(first);
    expect(await rejectionOf(create(messages(3)))).toEqual([409, 'idempotency_key_reused', null]);
    const ofItems = { headers: { 'idempotency-key': randomUUID() } };
    const add = (): Promise<unknown> => jsonOf(send('POST', `/${first.id}/items`, { items: [message('a')] }, ofItems));
    expect(await add()).toEqual(await add());
    const { data } = await client().conversations.items.list(first.id);
    expect(data.map(textOf)).toEqual(['a', 'm1', 'm0']);
  });
});

describe('the database', () => {
  it('has neither items nor metadata in clear text, and each item once', async () => {
    const secret = randomUUID();
    const openai = client();
    const first = await openai.conversations.create({ metadata: { secret }, items: [message(secret)] });
    const [item] = (await openai.conversations.items.list(first.id)).data;
    await openai.conversations.create({ items: [{ type: 'item_reference', id: item?.id ?? '' }] });
    const database = new pg.Client({ connectionString: test.description.databaseUrl });
    await database.connect();
    const found: Record<string, number> = {};
    for (const table of ['item', 'conversation', 'conversation_item', 'idempotency_key', 'outbox']) {
      const { rows } = await database.query<{ text: string }>(
        `SELECT encode(convert_to(t::text, 'UTF8'), 'hex') AS text FROM responses.${table} AS t`,
      );
      const needles = [secret, Buffer.from(secret).toString('hex')].map((text) => Buffer.from(text).toString('hex'));
      found[table] = rows.filter(({ text }) => needles.some((needle) => text.includes(needle))).length;
    }
    const { rows } = await database.query('SELECT 1 FROM responses.item WHERE id = $1', [item?.id]);
    await database.end();
    expect(found).toEqual({ item: 0, conversation: 0, conversation_item: 0, idempotency_key: 0, outbox: 0 });
    expect(rows).toHaveLength(1);
  });
});
