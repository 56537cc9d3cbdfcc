/**
 * Stored chat completions through the public API: what was asked for with `store: true` is there once its answer is
 * complete, for its own project only, and unreadable in the database.
 */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import OpenAI from 'openai';
import pg from 'pg';
import { numberedTokens, scripted } from './support/api-client.ts';
import type { ChatBody } from './support/api-client.ts';
import { contentOf, expectError } from './support/chat-checks.ts';
import { StoredClient } from './support/stored-client.ts';
import type { List } from './support/stored-client.ts';
import { addTenant } from './support/tenant.ts';
import { ownPlatform } from './support/test-platform.ts';

const test = ownPlatform(() => {
  const plan = scriptedPlatform();
  return { ...plan, endpoints: [...plan.endpoints, ...plan.endpoints.map((e) => ({ ...e, slug: 'second' }))] };
});

const here = (): StoredClient => new StoredClient(test.api);
const second = (): StoredClient => new StoredClient(test.api.with({ endpointSlug: 'second' }));

let run = 0;
/** Metadata that no other test has used. */
let mark: { run: string };
beforeEach(() => {
  run += 1;
  mark = { run: String(run) };
});

function stored(params: ChatBody = {}, tokens = 3): ChatBody {
  return scripted({ tokens }, { store: true, metadata: mark, ...params });
}

async function several(count: number, params: ChatBody = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) ids.push((await test.api.chat(stored(params))).body.id);
  return ids;
}

async function query<T extends object>(sql: string, values: unknown[] = []): Promise<T[]> {
  const client = new pg.Client({ connectionString: test.description.databaseUrl });
  await client.connect();
  try {
    return (await client.query<T>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** Whether anything was kept of it, wherever it was looked for. */
async function isKept(id: string): Promise<boolean> {
  const rows = await query('SELECT 1 FROM responses.completion WHERE id = $1', [id]);
  return rows.length > 0;
}

describe('an answer that is stored', () => {
  it('in one piece is found as it was given, with what was asked for', async () => {
    const { body } = await test.api.chat(stored({ user: 'u1', tool_choice: 'none' }));
    const found = await here().get(body.id);
    expect(found.body).toEqual({
      ...body,
      request_id: expect.stringMatching(/^req_/),
      metadata: mark,
      temperature: 1,
      top_p: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      seed: null,
      input_user: 'u1',
      tools: null,
      tool_choice: 'none',
      response_format: null,
    });
  });

  it('as a stream is joined, and there once [DONE] has come', async () => {
    const stream = await test.api.stream(stored({ n: 2, stream_options: { include_usage: true } }, 40));
    expect(await stream.ended).toBe('done');
    const { body } = await here().get(stream.chunks[0]?.id as string);
    expect(body.choices.map(({ index, message, finish_reason }) => ({ index, ...message, finish_reason }))).toEqual(
      [0, 1].map((index) => ({
        index,
        role: 'assistant',
        content: numberedTokens(40),
        refusal: null,
        annotations: [],
        finish_reason: 'stop',
      })),
    );
    expect(body.usage).toEqual(stream.usage);
    expect(body.request_id).toBe(stream.requestId);
  });

  it.each<[string, ChatBody]>([
    ['without store', { store: undefined }],
    ['with store: false', { store: false }],
    ['with store: null', { store: null }],
  ])('is not one %s, whatever its metadata', async (_, params) => {
    const { body } = await test.api.chat(stored(params));
    expectError(await here().rejected('GET', body.id), 404, 'completion_not_found', null);
    expect(await isKept(body.id)).toBe(false);
  });

  it('is not one that failed, or whose client went away', async () => {
    const failing = await test.api.stream(scripted({ tokens: 9, failAfter: 3 }, { store: true, metadata: mark }));
    await failing.ended;
    const left = await test.api.stream(scripted({ tokens: 8_000, delayMs: 10 }, { store: true, metadata: mark }));
    await left.textChunks(2);
    left.abort();
    await test.fleet.usageOf(left.requestId);
    expect((await here().list({ 'metadata[run]': mark.run })).data).toEqual([]);
  });

  it('that is too large ends with an error, and is refused at once when its messages are', async () => {
    const large = { ...stored(), messages: [{ role: 'user', content: 'x'.repeat(1_000_000) }] };
    expectError(await test.api.rejected(large), 413, 'completion_too_large', 'store');
    expect((await test.api.chat({ ...large, store: false })).status).toBe(200);
    // Question and answer fit by themselves, and not together.
    const half = scripted({ text: 'x'.repeat(500_000), promptTokens: 1 }, { store: true, metadata: mark });
    expectError(await test.api.rejected(half), 413, 'completion_too_large', 'store');
    const stream = await test.api.stream(half);
    expect(await stream.ended).toBe('error');
    expect(stream.error).toMatchObject({ code: 'completion_too_large', param: 'store' });
    expect(await isKept(stream.chunks[0]?.id as string)).toBe(false);
  });
});

describe('a list', () => {
  const filter = (): Record<string, string> => ({ 'metadata[run]': mark.run });

  it('is empty, or has what was stored, oldest first', async () => {
    expect(await here().list(filter())).toEqual({
      object: 'list',
      data: [],
      first_id: '',
      last_id: '',
      has_more: false,
    });
    const ids = await several(3);
    const list = await here().list(filter());
    expect(list).toMatchObject({ object: 'list', first_id: ids[0], last_id: ids[2], has_more: false });
    expect(list.data.map(({ id }) => id)).toEqual(ids);
    expect(list.data[0]).toEqual((await here().get(ids[0] as string)).body);
  });

  it('comes in pages whose borders lose nothing', async () => {
    const ids = await several(5);
    for (const order of ['asc', 'desc']) {
      const expected = order === 'asc' ? ids : ids.toReversed();
      const one = await here().list({ ...filter(), order, limit: '2' });
      const two = await here().list({ ...filter(), order, limit: '2', after: one.last_id });
      const three = await here().list({ ...filter(), order, limit: '2', after: two.last_id });
      expect([one, two, three].map(({ data }) => data.map(({ id }) => id))).toEqual([
        expected.slice(0, 2),
        expected.slice(2, 4),
        expected.slice(4),
      ]);
      expect([one, two, three].map((page) => page.has_more)).toEqual([true, true, false]);
    }
    expect(await here().list({ ...filter(), limit: '5' })).toMatchObject({ has_more: false });
    expect(await here().list({ ...filter(), after: ids[4] as string })).toMatchObject({ data: [], has_more: false });
  });

  it('is filtered by model and by all pairs of metadata', async () => {
    const [tagged] = await several(1, { metadata: { ...mark, tag: 'é &=' } });
    const [plain] = await several(1);
    const ids = async (more: Record<string, string>): Promise<string[]> =>
      (await here().list({ ...filter(), ...more })).data.map(({ id }) => id);
    expect(await ids({ 'metadata[tag]': 'é &=' })).toEqual([tagged]);
    expect(await ids({ 'metadata[tag]': 'other' })).toEqual([]);
    expect(await ids({ model: 'scripted' })).toEqual([tagged, plain]);
    expect(await ids({ model: 'other' })).toEqual([]);
  });

  it('of an endpoint has what that endpoint answered, of the project everything', async () => {
    const [first] = await several(1);
    const other = (await second().api.chat(stored())).body.id;
    const ids = ({ data }: List): string[] => data.map(({ id }) => id);
    expect(ids(await here().list(filter()))).toEqual([first]);
    expect(ids(await second().list(filter()))).toEqual([other]);
    expect(ids(await here().inProject().list(filter()))).toEqual([first, other]);
    expectError(await here().rejected('GET', other), 404, 'completion_not_found', null);
    expect((await here().inProject().get(other)).body.id).toBe(other);
  });

  it.each([
    ['limit', { limit: '0' }],
    ['limit', { limit: '101' }],
    ['limit', { limit: 'x' }],
    ['order', { order: 'up' }],
    ['after', { after: 'chatcmpl-none' }],
    ['metadata', { metadata: '{}' }],
  ])('is refused by the name %s for %j', async (param, params) => {
    const response = await here().rejected('GET', `?${new URLSearchParams(params).toString()}`);
    expectError(response, 400, 'invalid_request', param);
  });
});

describe('a list that no database can look for', () => {
  it.each(['after', 'model'])('is refused by the name of its filter: %s', async (name) => {
    for (const value of ['%00', 'a%00b']) {
      const { status, body } = await here().rejected('GET', `?${name}=${value}`);
      expect([status, body.error.param]).toEqual([400, name]);
    }
  });
});

describe('the messages of a stored completion', () => {
  it('are those of the request, in pages', async () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'Say it. [[script {"tokens":2}]]' }], name: 'ann' },
    ];
    const { id } = (await test.api.chat(stored({ messages }))).body;
    const all = await here().messages(id);
    expect(all).toEqual({
      object: 'list',
      data: [
        { id: `${id}-0`, role: 'system', content: 'Be brief.', content_parts: null, refusal: null, name: null },
        { id: `${id}-1`, role: 'user', content: null, content_parts: messages[1]?.content, refusal: null, name: 'ann' },
      ],
      first_id: `${id}-0`,
      last_id: `${id}-1`,
      has_more: false,
    });
    expect(await here().messages(id, { limit: '1' })).toMatchObject({ data: [{ id: `${id}-0` }], has_more: true });
    const desc = await here().messages(id, { order: 'desc', limit: '1' });
    expect(desc).toMatchObject({ data: [{ id: `${id}-1` }], has_more: true });
    expect(await here().messages(id, { after: `${id}-0` })).toMatchObject({
      data: [{ id: `${id}-1` }],
      has_more: false,
    });
    const unknown = await here().rejected('GET', `${id}/messages?after=${id}-2`);
    expectError(unknown, 400, 'invalid_request', 'after');
  });
});

describe('a stored completion', () => {
  it('gets other metadata, and keeps everything else', async () => {
    const [id] = (await several(1)) as [string];
    const before = (await here().get(id)).body;
    const changed = { ...before, metadata: { ...mark, new: 'yes' } };
    expect((await here().update(id, { metadata: changed.metadata })).body).toEqual(changed);
    expect((await here().get(id)).body).toEqual(changed);
    expect((await here().update(id, { metadata: null })).body).toEqual({ ...before, metadata: {} });
    for (const body of [{}, { metadata: 'x' }, { metadata: { k: 1 } }, { metadata: { k: 'v'.repeat(513) } }]) {
      const response = await here().rejected('POST', id, body);
      expectError(response, 400, 'invalid_request', expect.stringMatching(/^metadata/));
    }
    expect((await here().get(id)).body).toEqual({ ...before, metadata: {} });
  });

  it('is gone once it is deleted', async () => {
    const [id, kept] = (await several(2)) as [string, string];
    expect((await here().delete(id)).body).toEqual({ object: 'chat.completion.deleted', id, deleted: true });
    await expectNowhere(here(), id);
    expect(await isKept(id)).toBe(false);
    expect((await here().list({ 'metadata[run]': mark.run })).data.map((each) => each.id)).toEqual([kept]);
  });

  it('is not there for another project, in the words of what does not exist, and stays as it is', async () => {
    const [id] = (await several(1)) as [string];
    const before = (await here().get(id)).body;
    const tenant = new StoredClient(test.api.with(await addTenant(test.platform, 'scripted')));
    for (const stranger of [tenant, tenant.inProject(), second()]) {
      await expectNowhere(stranger, id);
      expect((await stranger.list({ 'metadata[run]': mark.run })).data).toEqual([]);
      const response = await stranger.rejected('GET', `?after=${id}`);
      expectError(response, 400, 'invalid_request', 'after');
    }
    expect((await here().get(id)).body).toEqual(before);
  });

  it('needs a key, and one that may use inference', async () => {
    const [id] = (await several(1)) as [string];
    for (const method of ['GET', 'POST', 'DELETE']) {
      const body = method === 'POST' ? { metadata: {} } : undefined;
      expectError(await here().rejected(method, id, body, null), 401, 'invalid_api_key', null);
      const management = test.description.managementKey;
      expectError(await here().rejected(method, id, body, management), 403, 'scope_insufficient', null);
    }
    expect((await here().get(id)).status).toBe(200);
  });

  it('is used with the official SDK', async () => {
    const client = new OpenAI({ apiKey: test.description.apiKey, baseURL: test.api.endpointUrl, maxRetries: 0 });
    const ids = await several(3);
    const seen: string[] = [];
    for await (const { id } of client.chat.completions.list({ metadata: mark, limit: 2 })) seen.push(id);
    expect(seen).toEqual(ids);
    const id = ids[0] as string;
    expect(await client.chat.completions.update(id, { metadata: { a: 'b' } })).toMatchObject({ metadata: { a: 'b' } });
    expect(await client.chat.completions.retrieve(id)).toMatchObject({ id, metadata: { a: 'b' } });
    expect((await client.chat.completions.messages.list(id)).data).toMatchObject([{ id: `${id}-0`, role: 'user' }]);
    expect(await client.chat.completions.delete(id)).toMatchObject({ id, deleted: true });
    await expect(client.chat.completions.retrieve(id)).rejects.toMatchObject({ status: 404 });
  });
});

/** Every verb answers with 404, and with the same text as for an id that never was. */
async function expectNowhere(client: StoredClient, id: string): Promise<void> {
  const verbs = [
    ['GET', ''],
    ['GET', '/messages'],
    ['POST', '', { metadata: { stolen: 'yes' } }],
    ['DELETE', ''],
  ] as const;
  for (const [method, path, body] of verbs) {
    const response = await client.rejected(method, `${id}${path}`, body);
    expectError(response, 404, 'completion_not_found', null);
    const never = await client.rejected(method, `chatcmpl-none${path}`, body);
    expect(response.body.error.message.replace(id, 'chatcmpl-none')).toBe(never.body.error.message);
  }
}

describe('the database', () => {
  it('shows neither questions nor answers', async () => {
    const secret = 'a-sentence-that-nobody-reads';
    const messages = [
      { role: 'user', content: `${secret} [[script {"tokens":2,"text":"an-answer-that-nobody-reads"}]]` },
    ];
    const { id } = (await test.api.chat(stored({ messages }))).body;
    expect(JSON.stringify(await here().messages(id))).toContain(secret);
    const tables = await query<{ name: string }>(
      `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
       WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`,
    );
    expect(tables.map(({ name }) => name)).toContain('responses.completion');
    for (const { name } of tables) {
      // Bytes print as hexadecimal, so both spellings are looked for.
      for (const text of [secret, 'an-answer-that-nobody-reads', 'tok0']) {
        const spellings = [text, Buffer.from(text).toString('hex')];
        const rows = await query(`SELECT 1 FROM ${name} AS r WHERE r::text LIKE ANY($1)`, [
          spellings.map((spelling) => `%${spelling}%`),
        ]);
        expect({ name, text, rows: rows.length }).toEqual({ name, text, rows: 0 });
      }
    }
  });
});

describe('the responses service', () => {
  const service = (): ReturnType<typeof test.platform.service> => test.platform.service('responses');

  afterEach(async () => {
    if (service().pid === null) await service().start();
    await eventually('it answers again', () => here().list({ limit: '1' }), 20_000);
  });

  it('has what it has confirmed, also when it is killed at that moment', async () => {
    const whole = await test.api.chat(stored());
    await service().kill('SIGKILL');
    await service().start();
    expect((await here().get(whole.body.id)).body.choices).toEqual(whole.body.choices);
    const stream = await test.api.stream(stored({}, 20));
    expect(await stream.ended).toBe('done');
    await service().kill('SIGKILL');
    await service().start();
    expect(contentOf(await here().get(stream.chunks[0]?.id as string))).toBe(numberedTokens(20));
  });

  it('is not needed for anything that is not stored, and without it nothing pretends to be', async () => {
    const [id] = (await several(1)) as [string];
    await service().kill('SIGKILL');
    expect(contentOf(await test.api.chat(scripted({ tokens: 2 })))).toBe(numberedTokens(2));
    expect(await (await test.api.stream(scripted({ tokens: 2 }))).ended).toBe('done');
    const whole = await test.api.rejected(stored());
    expectError(whole, 503, 'storage_unavailable', null);
    expect(whole.headers.get('retry-after')).toMatch(/^\d+$/);
    const stream = await test.api.stream(stored());
    expect(await stream.ended).toBe('error');
    expect(stream.text()).toBe(numberedTokens(3));
    expect(stream.error).toMatchObject({ type: 'stream_error', code: 'storage_unavailable' });
    // What was computed is counted, stored or not.
    expect((await test.fleet.usageOf(stream.requestId)).usage.completionTokens).toBeGreaterThan(0);
    for (const [method, body] of [['GET'], ['POST', { metadata: {} }], ['DELETE']] as const) {
      expectError(await here().rejected(method, id, body), 503, 'storage_unavailable', null);
    }
    await service().start();
    expect((await here().get(id)).body.id).toBe(id);
    expect((await here().list({ 'metadata[run]': mark.run })).data.map((each) => each.id)).toEqual([id]);
  });
});
