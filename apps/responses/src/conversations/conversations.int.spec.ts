import { withTenant } from '@xerotier/db';
import { silentLog } from '@xerotier/log/testing';
import { connectBus } from '@xerotier/nats';
import { eventually } from '@xerotier/testing';
import { aMessage, ConversationsClient, referenceTo, textOf } from '../../test/conversations-client.ts';
import { runningResponses } from '../../test/running-responses.ts';
import { BYTES_MAX, ITEMS_MAX, PAGE_BYTES_MAX } from './conversations.service.ts';

const running = runningResponses();
const newClient = (): ConversationsClient => new ConversationsClient(() => running.bus, running.newProject());

let ours: ConversationsClient;
let theirs: ConversationsClient;
beforeEach(() => {
  ours = newClient();
  theirs = newClient();
});

const rows = <Row = Record<string, unknown>>(sql: string, projectId = ours.projectId): Promise<Row[]> =>
  withTenant(running.database, projectId, (manager) => manager.query<Row[]>(sql));
const itemsOf = async (projectId = ours.projectId): Promise<string[]> =>
  (await rows<{ id: string }>('SELECT id FROM responses.item', projectId)).map(({ id }) => id);
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: { code: string }) => error.code,
  );
const messages = (count: number, text = 'm'): ReturnType<typeof aMessage>[] =>
  Array.from({ length: count }, (_, at) => aMessage(`${text}${at}`));

describe('a conversation', () => {
  it('is created, read, changed and deleted', async () => {
    const created = await ours.create([], { metadata: { topic: 'é😀' } });
    expect(created).toMatchObject({ id: expect.stringMatching(/^conv_[0-9a-f]{48}$/), metadata: { topic: 'é😀' } });
    expect(await ours.get(created.id)).toEqual(created);
    const updated = await ours.update(created.id, { a: 'b' });
    expect(updated).toEqual({ ...created, metadata: { a: 'b' } });
    expect(await ours.get(created.id)).toEqual(updated);
    await ours.delete(created.id);
    expect(await codeOf(ours.get(created.id))).toBe('conversation.not_found');
  });

  it('has its items in the order in which they were added', async () => {
    const { id } = await ours.create(messages(20, 'a'));
    const added = await ours.add(id, messages(3, 'b'));
    expect(added.map(textOf)).toEqual(['b0', 'b1', 'b2']);
    const { items } = await ours.listItems(id);
    expect(items.map(textOf)).toEqual([...messages(20, 'a'), ...messages(3, 'b')].map((item) => textOf(item as never)));
    expect(items.slice(20)).toEqual(added);
    for (const item of added) {
      expect(item.id).toMatch(/^msg_[0-9a-f]{48}$/);
      expect(await ours.getItem(id, item.id)).toEqual(item);
    }
  });

  it('has items of each kind with ids of their kind', async () => {
    const call = { type: 'function_call' as const, call_id: 'c', name: 'f', arguments: '{}', status: 'completed' };
    const output = { type: 'function_call_output' as const, call_id: 'c', output: 'x', status: 'completed' };
    const { id } = await ours.create();
    const added = await ours.add(id, [call, output]);
    expect(added.map((item) => item.id.replace(/_.*/, ''))).toEqual(['fc', 'fco']);
    expect(added).toMatchObject([call, output]);
  });

  it('rejects an item of a kind that does not exist, and adds nothing', async () => {
    const { id } = await ours.create();
    expect(await codeOf(ours.add(id, [aMessage('a'), { type: 'poem' as 'message' }]))).toBe('bus.unreadable');
    expect(await itemsOf()).toEqual([]);
  });

  it('gives concurrent requests places of their own, and keeps the order of each', async () => {
    const { id } = await ours.create();
    const writers = Array.from({ length: 12 }, (_, writer) => writer);
    const added = await Promise.all(writers.map((writer) => ours.add(id, messages(5, `${writer}-`))));
    const { items, hasMore } = await ours.listItems(id);
    expect([items.length, hasMore]).toEqual([60, false]);
    // The items of one request are neighbours.
    const order = items.map((item) => item.id);
    for (const each of added) {
      const start = order.indexOf(each[0]?.id ?? '');
      expect(order.slice(start, start + 5)).toEqual(each.map((item) => item.id));
    }
    const positions = await rows<{ position: string }>(
      'SELECT position FROM responses.conversation_item ORDER BY position',
    );
    expect(positions.map(({ position }) => Number(position))).toEqual(Array.from({ length: 60 }, (_, at) => at));
    expect(await rows('SELECT items, next_position FROM responses.conversation')).toEqual([
      { items: 60, next_position: '60' },
    ]);
  });

  it('is listed, the newest first, in pages', async () => {
    const ids: string[] = [];
    for (let at = 0; at < 5; at += 1) ids.push((await ours.create([], { metadata: { at: String(at) } })).id);
    await theirs.create();
    const newest = ids.toReversed();
    const first = await ours.list({ limit: 2 });
    expect([first.data.map(({ id }) => id), first.hasMore]).toEqual([newest.slice(0, 2), true]);
    const last = await ours.list({ limit: 3, after: newest[1] });
    expect([last.data.map(({ id }) => id), last.hasMore]).toEqual([newest.slice(2), false]);
    expect((await ours.list({ order: 'asc' })).data.map(({ metadata }) => metadata['at'])).toEqual([...'01234']);
    expect(await codeOf(ours.list({ after: (await theirs.create()).id }))).toBe('list.unknown_cursor');
  });
});

describe('the items of a conversation', () => {
  it.each(['asc', 'desc'] as const)('are listed in pages (%s), whose borders have no gap', async (order) => {
    const { id } = await ours.create(messages(7));
    const whole = (await ours.listItems(id, { order })).items;
    expect(whole.map(textOf)).toEqual(
      order === 'asc' ? whole.map((_, at) => `m${at}`) : whole.map((_, at) => `m${6 - at}`),
    );
    for (const limit of [1, 2, 3, 6, 7, 8]) {
      const found: unknown[] = [];
      let after: string | undefined;
      let hasMore: boolean;
      do {
        const page = await ours.listItems(id, { order, limit, ...(after !== undefined && { after }) });
        found.push(...page.items);
        after = page.items.at(-1)?.id;
        ({ hasMore } = page);
        expect(hasMore).toBe(found.length < 7);
      } while (hasMore);
      expect(found).toEqual(whole);
    }
  });

  it('are fewer than the limit if they are large, but at least one', async () => {
    const large = 'x'.repeat(PAGE_BYTES_MAX / 2);
    const { id } = await ours.create();
    await ours.add(id, [aMessage(large), aMessage('a'), aMessage(large), aMessage(large + large)]);
    const sizes: number[] = [];
    let after: string | undefined;
    let hasMore = true;
    while (hasMore) {
      const page = await ours.listItems(id, { ...(after !== undefined && { after }) });
      sizes.push(page.items.length);
      after = page.items.at(-1)?.id;
      ({ hasMore } = page);
    }
    expect(sizes).toEqual([2, 1, 1]);
    expect(textOf(await ours.getItem(id, after ?? ''))).toBe(large + large);
  });

  it('reject a cursor that is not in the conversation', async () => {
    const { id } = await ours.create(messages(1));
    const other = await ours.create(messages(1));
    const { items } = await ours.listItems(other.id);
    expect(await codeOf(ours.listItems(id, { after: items[0]?.id }))).toBe('list.unknown_cursor');
    expect(await codeOf(ours.listItems(id, { after: 'msg_0' }))).toBe('list.unknown_cursor');
  });

  it('are removed one by one; the others keep their places', async () => {
    const conversation = await ours.create(messages(3));
    const { items } = await ours.listItems(conversation.id);
    expect(await ours.removeItem(conversation.id, items[1]?.id ?? '')).toEqual(conversation);
    expect(await ours.texts(conversation.id)).toEqual(['m0', 'm2']);
    expect(await codeOf(ours.removeItem(conversation.id, items[1]?.id ?? ''))).toBe('item.not_found');
    expect(await codeOf(ours.getItem(conversation.id, items[1]?.id ?? ''))).toBe('item.not_found');
    await ours.add(conversation.id, messages(1, 'n'));
    expect(await ours.texts(conversation.id)).toEqual(['m0', 'm2', 'n0']);
    const [{ items: count, bytes } = {}] = await rows('SELECT items, bytes FROM responses.conversation');
    const [{ sum } = {}] = await rows('SELECT count(*), sum(bytes) FROM responses.item');
    expect([count, bytes]).toEqual([3, sum]);
  });

  it('of one conversation are not found in another', async () => {
    const { id } = await ours.create(messages(1));
    const other = await ours.create(messages(1));
    const [item] = (await ours.listItems(other.id)).items;
    expect(await codeOf(ours.getItem(id, item?.id ?? ''))).toBe('item.not_found');
    expect(await codeOf(ours.removeItem(id, item?.id ?? ''))).toBe('item.not_found');
    expect(await ours.texts(other.id)).toEqual(['m0']);
  });
});

describe('a reference', () => {
  it('puts the same item into another conversation, and stores it once', async () => {
    const first = await ours.create(messages(2));
    const [a, b] = (await ours.listItems(first.id)).items;
    const second = await ours.create([referenceTo(b?.id ?? ''), aMessage('new'), referenceTo(a?.id ?? '')]);
    const { items } = await ours.listItems(second.id);
    expect(items.map(textOf)).toEqual(['m1', 'new', 'm0']);
    expect([items[0], items[2]]).toEqual([b, a]);
    expect(await itemsOf()).toHaveLength(3);
  });

  it.each(['msg_none', 'msg_\u{1f600}', "'; DROP TABLE responses.item; --"])(
    'to nothing is rejected: %s',
    async (id) => {
      const conversation = await ours.create();
      const added = ours.add(conversation.id, [aMessage('a'), referenceTo(id)]);
      await expect(added).rejects.toMatchObject({ code: 'item.not_found', param: 'items[1].id' });
      expect(await codeOf(ours.create([referenceTo(id)]))).toBe('item.not_found');
      expect([await itemsOf(), (await ours.list()).data]).toEqual([[], [conversation]]);
    },
  );

  it('to an item of another project is one to nothing', async () => {
    const foreign = await theirs.create(messages(1));
    const [item] = (await theirs.listItems(foreign.id)).items;
    const { id } = await ours.create();
    expect(await codeOf(ours.add(id, [referenceTo(item?.id ?? '')]))).toBe('item.not_found');
  });

  it('to an item of the conversation itself, or twice, is rejected', async () => {
    const { id } = await ours.create(messages(1));
    const other = await ours.create();
    const [item] = (await ours.listItems(id)).items;
    const reference = referenceTo(item?.id ?? '');
    await expect(ours.add(id, [reference])).rejects.toMatchObject({
      code: 'conversation.has_item',
      param: 'items[0].id',
    });
    await expect(ours.add(other.id, [reference, reference])).rejects.toMatchObject({
      code: 'conversation.has_item',
      param: 'items[1].id',
    });
    expect(await ours.texts(other.id)).toEqual([]);
  });

  it('keeps the item when its first conversation is deleted, until the last one is', async () => {
    const first = await ours.create(messages(2));
    const [shared] = (await ours.listItems(first.id)).items;
    const second = await ours.create([referenceTo(shared?.id ?? '')]);
    await ours.delete(first.id);
    expect(await ours.listItems(second.id)).toEqual({ items: [shared], hasMore: false });
    expect(await itemsOf()).toEqual([shared?.id]);
    await ours.removeItem(second.id, shared?.id ?? '');
    expect(await itemsOf()).toEqual([]);
  });

  it('and a deletion at the same time leave an item that is either in both or in none', async () => {
    for (let round = 0; round < 20; round += 1) {
      const first = await ours.create(messages(1));
      const second = await ours.create();
      const [item] = (await ours.listItems(first.id)).items;
      const [outcome] = await Promise.all([
        codeOf(ours.add(second.id, [referenceTo(item?.id ?? '')])),
        ours.delete(first.id),
      ]);
      expect(['none', 'item.not_found']).toContain(outcome);
      expect(await ours.texts(second.id)).toEqual(outcome === 'none' ? ['m0'] : []);
      await ours.delete(second.id);
      expect(await itemsOf()).toEqual([]);
    }
  });
});

describe('deletion', () => {
  it('of a conversation deletes its items, and not those of others', async () => {
    const { id } = await ours.create(messages(20));
    const other = await ours.create(messages(1));
    await theirs.create(messages(1));
    await ours.delete(id);
    expect(await itemsOf()).toHaveLength(1);
    expect(await ours.texts(other.id)).toEqual(['m0']);
    expect(await itemsOf(theirs.projectId)).toHaveLength(1);
  });

  it('keeps items that responses have', async () => {
    const { id } = await ours.create(messages(2));
    const [first, second] = (await ours.listItems(id)).items;
    const response = `resp_${'1'.repeat(48)}`;
    await rows(
      `INSERT INTO responses.response (project_id, id, turns, bytes, status)
       VALUES ('${ours.projectId}', '${response}', 1, 0, 'completed')`,
    );
    await rows(
      `INSERT INTO responses.response_item (project_id, response_id, position, item_id, is_output)
       VALUES ('${ours.projectId}', '${response}', 0, '${second?.id}', false)`,
    );
    await ours.removeItem(id, first?.id ?? '');
    expect(await itemsOf()).toEqual([second?.id]);
    await ours.delete(id);
    expect(await itemsOf()).toEqual([second?.id]);
    await rows('DELETE FROM responses.response_item');
    const other = await ours.create([referenceTo(second?.id ?? '')]);
    await ours.delete(other.id);
    expect(await itemsOf()).toEqual([]);
  });

  it('leaves nothing to any operation', async () => {
    const { id } = await ours.create(messages(1));
    const [item] = (await ours.listItems(id)).items;
    await ours.delete(id);
    const itemId = item?.id ?? '';
    const codes = await Promise.all(
      [
        ...[ours.get(id), ours.update(id, {}), ours.delete(id), ours.add(id, messages(1))],
        ...[ours.listItems(id), ours.getItem(id, itemId), ours.removeItem(id, itemId)],
      ].map(codeOf),
    );
    expect(codes).toEqual(codes.map(() => 'conversation.not_found'));
  });
});

describe('another project', () => {
  it('finds nothing, and changes nothing', async () => {
    const created = await ours.create(messages(2), { metadata: { a: 'b' } });
    const { id } = created;
    const [item] = (await ours.listItems(id)).items;
    const itemId = item?.id ?? '';
    const codes = await Promise.all(
      [
        ...[theirs.get(id), theirs.update(id, {}), theirs.delete(id), theirs.add(id, messages(1))],
        ...[theirs.listItems(id), theirs.getItem(id, itemId), theirs.removeItem(id, itemId)],
      ].map(codeOf),
    );
    expect(codes).toEqual(codes.map(() => 'conversation.not_found'));
    expect((await theirs.list()).data).toEqual([]);
    expect(await ours.get(id)).toEqual(created);
    expect(await ours.texts(id)).toEqual(['m0', 'm1']);
  });
});

describe('an idempotency key', () => {
  it('creates one conversation, with one event', async () => {
    const create = (): ReturnType<typeof ours.create> => ours.create(messages(2), { key: 'k1' });
    const [first, ...others] = await Promise.all([create(), create(), create()]);
    expect(others).toEqual([first, first]);
    expect((await ours.list()).data).toEqual([first]);
    expect(await itemsOf()).toHaveLength(2);
    expect(await codeOf(ours.create(messages(3), { key: 'k1' }))).toBe('idempotency.key_reused');
    expect((await theirs.create([], { key: 'k1' })).id).not.toBe(first.id);
  });

  it('adds items once, and returns those that are still there', async () => {
    const { id } = await ours.create();
    const add = (): ReturnType<typeof ours.add> => ours.add(id, messages(3), 'k2');
    const [first, second] = await Promise.all([add(), add()]);
    expect(second).toEqual(first);
    expect(await ours.texts(id)).toEqual(['m0', 'm1', 'm2']);
    await ours.removeItem(id, first[1]?.id ?? '');
    expect(await add()).toEqual([first[0], first[2]]);
    expect(await codeOf(ours.add(id, messages(2), 'k2'))).toBe('idempotency.key_reused');
  });
});

describe('the bounds', () => {
  it('of items hold for a whole request', async () => {
    const { id } = await ours.create(messages(1));
    await rows(`UPDATE responses.conversation SET items = ${ITEMS_MAX - 2}`);
    expect(await codeOf(ours.add(id, messages(3)))).toBe('conversation.too_many_items');
    expect(await ours.texts(id)).toEqual(['m0']);
    expect(await ours.add(id, messages(2))).toHaveLength(2);
    expect(await codeOf(ours.add(id, messages(1)))).toBe('conversation.too_many_items');
  });

  it('of bytes hold for new items and for references', async () => {
    const { id } = await ours.create(messages(1));
    const other = await ours.create(messages(1));
    const [item] = (await ours.listItems(other.id)).items;
    await rows(`UPDATE responses.conversation SET bytes = ${BYTES_MAX} WHERE id = '${id}'`);
    expect(await codeOf(ours.add(id, messages(1)))).toBe('conversation.too_many_bytes');
    expect(await codeOf(ours.add(id, [referenceTo(item?.id ?? '')]))).toBe('conversation.too_many_bytes');
    expect(await ours.texts(id)).toEqual(['m0']);
  });

  it('allow an item of the size of a request', async () => {
    const text = 'x'.repeat(31 * 1024 ** 2);
    const { id } = await ours.create();
    const [added] = await ours.add(id, [aMessage(text)]);
    expect(await ours.getItem(id, added?.id ?? '')).toEqual(added);
    expect(added === undefined ? '' : textOf(added)).toBe(text);
  });
});

describe('at rest', () => {
  it('neither items nor metadata are readable, nor with the id of another row', async () => {
    const secret = 'xyzzy-plugh';
    const first = await ours.create([aMessage(secret)], { metadata: { [secret]: secret }, key: secret });
    const second = await ours.create([aMessage('other')]);
    for (const table of ['item', 'conversation', 'idempotency_key']) {
      const [{ dump } = { dump: '' }] = await rows<{ dump: string }>(
        `SELECT string_agg(t::text, '') AS dump FROM responses.${table} AS t`,
      );
      const column = table === 'idempotency_key' ? 'result' : table === 'item' ? 'content' : 'metadata';
      const [{ bytes } = { bytes: Buffer.alloc(0) }] = await rows<{ bytes: Buffer }>(
        `SELECT string_agg(${column}, '') AS bytes FROM responses.${table}`,
      );
      // The key itself is not a secret.
      expect([table, dump.replace(`,${secret},`, '').includes(secret), bytes.includes(secret)]).toEqual([
        table,
        false,
        false,
      ]);
    }
    expect(running.logText()).not.toContain(secret);
    // Exchanged rows do not open.
    await rows(
      `UPDATE responses.item SET content = (SELECT content FROM responses.item AS other WHERE other.id <> item.id)`,
    );
    expect(await codeOf(ours.listItems(second.id))).toBe('internal');
    await rows(
      `UPDATE responses.conversation SET metadata =
         (SELECT metadata FROM responses.conversation AS other WHERE other.id <> conversation.id)`,
    );
    expect(await codeOf(ours.get(first.id))).toBe('internal');
  });
});

describe('events', () => {
  it('tell that a conversation was created and deleted, once each', async () => {
    const { nats } = await connectBus({ url: running.servers.nats.url, name: 'events', log: silentLog() });
    const events: unknown[] = [];
    nats.subscribe(`events.v1.${ours.projectId}`, {
      callback: (_, message) => {
        events.push(...message.json<object[]>());
      },
    });
    await nats.flush();
    const { id } = await ours.create(messages(1), { key: 'k' });
    await ours.create(messages(1), { key: 'k' });
    await codeOf(ours.create([referenceTo('msg_none')]));
    await ours.delete(id);
    await eventually('both have arrived', () => Promise.resolve(events.length >= 2 || undefined));
    const { projectId } = ours;
    expect(events).toEqual([
      expect.objectContaining({ type: 'conversation.created', projectId, data: { id } }),
      expect.objectContaining({ type: 'conversation.deleted', projectId, data: { id } }),
    ]);
    await nats.close();
  });
});
