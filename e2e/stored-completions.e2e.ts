/**
 * Stored chat completions through the public API: a completion with `store: true` is available as soon as its response is
 * complete, for its own project only, and encrypted in the database.
 */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import pg from 'pg';
import { numberedTokens, scripted } from './support/api-client.ts';
import type { ChatBody } from './support/api-client.ts';
import { contentOf, expectError } from './support/chat-checks.ts';
import { StoredClient } from './support/stored-client.ts';
import type { List } from './support/stored-client.ts';
import { addTenant } from './support/tenant.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const test = dedicatedPlatform(() => {
  const plan = scriptedPlatform();
  return {
    ...plan,
    endpoints: [...plan.endpoints, ...plan.endpoints.map((e) => ({ ...e, slug: 'second' }))],
    env: { RETENTION_PURGE_SECONDS: '1' },
  };
});

const stored = (): StoredClient => new StoredClient(test.api);
const storedOfSecond = (): StoredClient => new StoredClient(test.api.with({ endpointSlug: 'second' }));

let run = 0;
/** Metadata that is unique to the current test. */
let marker: { run: string };
beforeEach(() => {
  run += 1;
  marker = { run: String(run) };
});

function storedBody(params: ChatBody = {}, tokens = 3): ChatBody {
  return scripted({ tokens }, { store: true, metadata: marker, ...params });
}

async function createStored(count: number, params: ChatBody = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) ids.push((await test.api.chat(storedBody(params))).body.id);
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

/** Returns whether the database has the completion. */
async function isStored(id: string): Promise<boolean> {
  const rows = await query('SELECT 1 FROM responses.completion WHERE id = $1', [id]);
  return rows.length > 0;
}

describe('chat completion with store: true', () => {
  it('is retrieved as it was returned, with the parameters of its request', async () => {
    const { body } = await test.api.chat(storedBody({ user: 'u1', tool_choice: 'none' }));
    const found = await stored().get(body.id);
    expect(found.body).toEqual({
      ...body,
      request_id: expect.stringMatching(/^req_/),
      metadata: marker,
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

  it('is assembled from its stream, and available after [DONE]', async () => {
    const stream = await test.api.stream(storedBody({ n: 2, stream_options: { include_usage: true } }, 40));
    expect(await stream.ended).toBe('done');
    const { body } = await stored().get(stream.chunks[0]?.id as string);
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
  ])('is not stored %s, whatever its metadata', async (_, params) => {
    const { body } = await test.api.chat(storedBody(params));
    expectError(await stored().rejected('GET', body.id), 404, 'completion_not_found', null);
    expect(await isStored(body.id)).toBe(false);
  });

  it('is not stored when it fails or its client disconnects', async () => {
    const failing = await test.api.stream(scripted({ tokens: 9, failAfter: 3 }, { store: true, metadata: marker }));
    await failing.ended;
    const aborted = await test.api.stream(scripted({ tokens: 8_000, delayMs: 10 }, { store: true, metadata: marker }));
    await aborted.textChunks(2);
    aborted.abort();
    await test.fleet.usageOf(aborted.requestId);
    expect((await stored().list({ 'metadata[run]': marker.run })).data).toEqual([]);
  });

  it('fails when it is too large, immediately when its messages are too large', async () => {
    const large = { ...storedBody(), messages: [{ role: 'user', content: 'x'.repeat(1_000_000) }] };
    expectError(await test.api.rejected(large), 413, 'completion_too_large', 'store');
    expect((await test.api.chat({ ...large, store: false })).status).toBe(200);
    // Request and completion are each below the limit, but not together.
    const half = scripted({ text: 'x'.repeat(500_000), promptTokens: 1 }, { store: true, metadata: marker });
    expectError(await test.api.rejected(half), 413, 'completion_too_large', 'store');
    const stream = await test.api.stream(half);
    expect(await stream.ended).toBe('error');
    expect(stream.error).toMatchObject({ code: 'completion_too_large', param: 'store' });
    expect(await isStored(stream.chunks[0]?.id as string)).toBe(false);
  });
});

describe('list of stored completions', () => {
  const filter = (): Record<string, string> => ({ 'metadata[run]': marker.run });

  it('is empty or has all stored completions, oldest first', async () => {
    expect(await stored().list(filter())).toEqual({
      object: 'list',
      data: [],
      first_id: '',
      last_id: '',
      has_more: false,
    });
    const ids = await createStored(3);
    const list = await stored().list(filter());
    expect(list).toMatchObject({ object: 'list', first_id: ids[0], last_id: ids[2], has_more: false });
    expect(list.data.map(({ id }) => id)).toEqual(ids);
    expect(list.data[0]).toEqual((await stored().get(ids[0] as string)).body);
  });

  it('is paginated without gaps', async () => {
    const ids = await createStored(5);
    for (const order of ['asc', 'desc']) {
      const expected = order === 'asc' ? ids : ids.toReversed();
      const one = await stored().list({ ...filter(), order, limit: '2' });
      const two = await stored().list({ ...filter(), order, limit: '2', after: one.last_id });
      const three = await stored().list({ ...filter(), order, limit: '2', after: two.last_id });
      expect([one, two, three].map(({ data }) => data.map(({ id }) => id))).toEqual([
        expected.slice(0, 2),
        expected.slice(2, 4),
        expected.slice(4),
      ]);
      expect([one, two, three].map((page) => page.has_more)).toEqual([true, true, false]);
    }
    expect(await stored().list({ ...filter(), limit: '5' })).toMatchObject({ has_more: false });
    expect(await stored().list({ ...filter(), after: ids[4] as string })).toMatchObject({ data: [], has_more: false });
  });

  it('is filtered by model and metadata', async () => {
    const [tagged] = await createStored(1, { metadata: { ...marker, tag: 'é &=' } });
    const [plain] = await createStored(1);
    const ids = async (more: Record<string, string>): Promise<string[]> =>
      (await stored().list({ ...filter(), ...more })).data.map(({ id }) => id);
    expect(await ids({ 'metadata[tag]': 'é &=' })).toEqual([tagged]);
    expect(await ids({ 'metadata[tag]': 'other' })).toEqual([]);
    expect(await ids({ model: 'scripted' })).toEqual([tagged, plain]);
    expect(await ids({ model: 'other' })).toEqual([]);
  });

  it('has the completions of the endpoint, or all of the project', async () => {
    const [first] = await createStored(1);
    const other = (await storedOfSecond().api.chat(storedBody())).body.id;
    const ids = ({ data }: List): string[] => data.map(({ id }) => id);
    expect(ids(await stored().list(filter()))).toEqual([first]);
    expect(ids(await storedOfSecond().list(filter()))).toEqual([other]);
    expect(ids(await stored().inProject().list(filter()))).toEqual([first, other]);
    expectError(await stored().rejected('GET', other), 404, 'completion_not_found', null);
    expect((await stored().inProject().get(other)).body.id).toBe(other);
  });

  it.each([
    ['limit', { limit: '0' }],
    ['limit', { limit: '101' }],
    ['limit', { limit: 'x' }],
    ['order', { order: 'up' }],
    ['after', { after: 'chatcmpl-none' }],
    ['metadata', { metadata: '{}' }],
  ])('is rejected with the param %s for %j', async (param, params) => {
    const response = await stored().rejected('GET', `?${new URLSearchParams(params).toString()}`);
    expectError(response, 400, 'invalid_request', param);
  });
});

describe('list filter with a NUL', () => {
  it.each(['after', 'model'])('is rejected with the param %s', async (name) => {
    for (const value of ['%00', 'a%00b']) {
      const { status, body } = await stored().rejected('GET', `?${name}=${value}`);
      expect([status, body.error.param]).toEqual([400, name]);
    }
  });
});

describe('messages of a stored completion', () => {
  it('are those of the request, paginated', async () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'Say it. [[script {"tokens":2}]]' }], name: 'ann' },
    ];
    const { id } = (await test.api.chat(storedBody({ messages }))).body;
    const all = await stored().messages(id);
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
    expect(await stored().messages(id, { limit: '1' })).toMatchObject({ data: [{ id: `${id}-0` }], has_more: true });
    const desc = await stored().messages(id, { order: 'desc', limit: '1' });
    expect(desc).toMatchObject({ data: [{ id: `${id}-1` }], has_more: true });
    expect(await stored().messages(id, { after: `${id}-0` })).toMatchObject({
      data: [{ id: `${id}-1` }],
      has_more: false,
    });
    const unknown = await stored().rejected('GET', `${id}/messages?after=${id}-2`);
    expectError(unknown, 400, 'invalid_request', 'after');
  });
});

describe('stored completion', () => {
  it('is updated in its metadata only', async () => {
    const [id] = (await createStored(1)) as [string];
    const before = (await stored().get(id)).body;
    const changed = { ...before, metadata: { ...marker, new: 'yes' } };
    expect((await stored().update(id, { metadata: changed.metadata })).body).toEqual(changed);
    expect((await stored().get(id)).body).toEqual(changed);
    expect((await stored().update(id, { metadata: null })).body).toEqual({ ...before, metadata: {} });
    for (const body of [{}, { metadata: 'x' }, { metadata: { k: 1 } }, { metadata: { k: 'v'.repeat(513) } }]) {
      const response = await stored().rejected('POST', id, body);
      expectError(response, 400, 'invalid_request', expect.stringMatching(/^metadata/));
    }
    expect((await stored().get(id)).body).toEqual({ ...before, metadata: {} });
  });

  it('returns 404 after it is deleted', async () => {
    const [id, kept] = (await createStored(2)) as [string, string];
    expect((await stored().delete(id)).body).toEqual({ object: 'chat.completion.deleted', id, deleted: true });
    await expectNotFound(stored(), id);
    expect(await isStored(id)).toBe(false);
    expect((await stored().list({ 'metadata[run]': marker.run })).data.map((each) => each.id)).toEqual([kept]);
  });

  it('returns the same 404 for another project as for an unknown id, and does not change', async () => {
    const [id] = (await createStored(1)) as [string];
    const before = (await stored().get(id)).body;
    const tenant = new StoredClient(test.api.with(await addTenant(test.platform, 'scripted')));
    for (const stranger of [tenant, tenant.inProject(), storedOfSecond()]) {
      await expectNotFound(stranger, id);
      expect((await stranger.list({ 'metadata[run]': marker.run })).data).toEqual([]);
      const response = await stranger.rejected('GET', `?after=${id}`);
      expectError(response, 400, 'invalid_request', 'after');
    }
    expect((await stored().get(id)).body).toEqual(before);
  });

  it('requires an API key with the scope inference', async () => {
    const [id] = (await createStored(1)) as [string];
    for (const method of ['GET', 'POST', 'DELETE']) {
      const body = method === 'POST' ? { metadata: {} } : undefined;
      expectError(await stored().rejected(method, id, body, null), 401, 'invalid_api_key', null);
      const management = test.description.managementKey;
      expectError(await stored().rejected(method, id, body, management), 403, 'scope_insufficient', null);
    }
    expect((await stored().get(id)).status).toBe(200);
  });

  it('is supported by the official SDK', async () => {
    const client = new OpenAI({ apiKey: test.description.apiKey, baseURL: test.api.endpointUrl, maxRetries: 0 });
    const ids = await createStored(3);
    const seen: string[] = [];
    for await (const { id } of client.chat.completions.list({ metadata: marker, limit: 2 })) seen.push(id);
    expect(seen).toEqual(ids);
    const id = ids[0] as string;
    expect(await client.chat.completions.update(id, { metadata: { a: 'b' } })).toMatchObject({ metadata: { a: 'b' } });
    expect(await client.chat.completions.retrieve(id)).toMatchObject({ id, metadata: { a: 'b' } });
    expect((await client.chat.completions.messages.list(id)).data).toMatchObject([{ id: `${id}-0`, role: 'user' }]);
    expect(await client.chat.completions.delete(id)).toMatchObject({ id, deleted: true });
    await expect(client.chat.completions.retrieve(id)).rejects.toMatchObject({ status: 404 });
  });
});

/** Expects that every method returns 404 with the same message as for an unknown id. */
async function expectNotFound(client: StoredClient, id: string): Promise<void> {
  const requests = [
    ['GET', ''],
    ['GET', '/messages'],
    ['POST', '', { metadata: { stolen: 'yes' } }],
    ['DELETE', ''],
  ] as const;
  for (const [method, path, body] of requests) {
    const response = await client.rejected(method, `${id}${path}`, body);
    expectError(response, 404, 'completion_not_found', null);
    const unknown = await client.rejected(method, `chatcmpl-none${path}`, body);
    expect(response.body.error.message.replace(id, 'chatcmpl-none')).toBe(unknown.body.error.message);
  }
}

describe('database', () => {
  it('contains neither prompts nor completions in plaintext', async () => {
    const secret = 'a-secret-prompt';
    const messages = [{ role: 'user', content: `${secret} [[script {"tokens":2,"text":"a-secret-completion"}]]` }];
    const { id } = (await test.api.chat(storedBody({ messages }))).body;
    expect(JSON.stringify(await stored().messages(id))).toContain(secret);
    const tables = await query<{ name: string }>(
      `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
       WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`,
    );
    expect(tables.map(({ name }) => name)).toContain('responses.completion');
    for (const { name } of tables) {
      // PostgreSQL prints bytea as hexadecimal, so both representations are searched for.
      for (const text of [secret, 'a-secret-completion', 'tok0']) {
        const representations = [text, Buffer.from(text).toString('hex')];
        const rows = await query(`SELECT 1 FROM ${name} AS r WHERE r::text LIKE ANY($1)`, [
          representations.map((representation) => `%${representation}%`),
        ]);
        expect({ name, text, rows: rows.length }).toEqual({ name, text, rows: 0 });
      }
    }
  });
});

describe('the retention of a project', () => {
  const setRetention = async (days: number | null): Promise<unknown> => {
    const { body } = await test.api.request<{ settings: object }>(
      'PATCH',
      `${test.api.projectUrl}/management/project`,
      undefined,
      { settings: { retention_days: days } },
      { key: test.description.managementKey },
    );
    return body.settings;
  };

  it('deletes what is older, also of before it was set, until it is taken away', async () => {
    const [old, recent] = (await createStored(2)) as [string, string];
    const age = (id: string): Promise<object[]> =>
      query("UPDATE responses.completion SET created_at = now() - interval '10 days' WHERE id = $1", [id]);
    await age(old);
    expect(await setRetention(11)).toMatchObject({ retention_days: 11 });
    expect(await setRetention(9)).toMatchObject({ retention_days: 9 });
    await eventually('the old one is deleted', async () => !(await isStored(old)), 20_000);
    expectError(await stored().rejected('GET', old), 404, 'completion_not_found', null);
    expect((await stored().get(recent)).body.id).toBe(recent);
    expect(await setRetention(null)).toMatchObject({ retention_days: null });
    // A purge that has read the setting before ends, and later ones find none.
    await sleep(1_500);
    await age(recent);
    await sleep(2_500);
    expect((await stored().get(recent)).body.id).toBe(recent);
  });
});

describe('responses service', () => {
  const service = (): ReturnType<typeof test.platform.service> => test.platform.service('responses');

  afterEach(async () => {
    if (service().pid === null) await service().start();
    await eventually('it is available again', () => stored().list({ limit: '1' }), 20_000);
  });

  it('keeps what it has confirmed when it is killed immediately afterwards', async () => {
    const whole = await test.api.chat(storedBody());
    await service().kill('SIGKILL');
    await service().start();
    expect((await stored().get(whole.body.id)).body.choices).toEqual(whole.body.choices);
    const stream = await test.api.stream(storedBody({}, 20));
    expect(await stream.ended).toBe('done');
    await service().kill('SIGKILL');
    await service().start();
    expect(contentOf(await stored().get(stream.chunks[0]?.id as string))).toBe(numberedTokens(20));
  });

  it('is only required for stored completions, which fail without it', async () => {
    const [id] = (await createStored(1)) as [string];
    await service().kill('SIGKILL');
    expect(contentOf(await test.api.chat(scripted({ tokens: 2 })))).toBe(numberedTokens(2));
    expect(await (await test.api.stream(scripted({ tokens: 2 }))).ended).toBe('done');
    const whole = await test.api.rejected(storedBody());
    expectError(whole, 503, 'storage_unavailable', null);
    expect(whole.headers.get('retry-after')).toMatch(/^\d+$/);
    const stream = await test.api.stream(storedBody());
    expect(await stream.ended).toBe('error');
    expect(stream.text()).toBe(numberedTokens(3));
    expect(stream.error).toMatchObject({ type: 'stream_error', code: 'storage_unavailable' });
    // Generated tokens are recorded, stored or not.
    expect((await test.fleet.usageOf(stream.requestId)).usage.completionTokens).toBeGreaterThan(0);
    for (const [method, body] of [['GET'], ['POST', { metadata: {} }], ['DELETE']] as const) {
      expectError(await stored().rejected(method, id, body), 503, 'storage_unavailable', null);
    }
    await service().start();
    expect((await stored().get(id)).body.id).toBe(id);
    expect((await stored().list({ 'metadata[run]': marker.run })).data.map((each) => each.id)).toEqual([id]);
  });
});
