import { responsesContract, STORED_BYTES_MAX } from '@xerotier/contracts/responses';
import type { StoredCompletion } from '@xerotier/contracts/responses';
import { aSave, ENDPOINT, OTHER_ENDPOINT, runningResponses } from '../../test/running-responses.ts';

const running = runningResponses();
const { save, list, get, messages, update, delete: remove } = responsesContract.operations;

let projectId: string;
let otherId: string;
beforeEach(() => {
  projectId = running.newProject();
  otherId = running.newProject();
});

const stored = (changes: Partial<StoredCompletion> = {}, rest = {}): Promise<StoredCompletion> =>
  running.save(aSave(projectId, changes, rest));

type ListInput = Partial<Parameters<typeof running.bus.call<typeof list>>[1]>;

async function listed(query: ListInput = {}): Promise<{ ids: string[]; hasMore: boolean }> {
  const { data, hasMore } = await running.bus.call(list, { projectId, limit: 20, order: 'asc', ...query });
  return { ids: data.map(({ id }) => id), hasMore };
}

async function several(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) ids.push((await stored()).id);
  return ids;
}

describe('save', () => {
  it('stores all fields of a completion', async () => {
    const completion = await stored({ metadata: { topic: 'é😀', '': '' }, request_id: 'req_1', seed: null });
    expect(await running.bus.call(get, { projectId, id: completion.id })).toEqual(completion);
  });

  it('is idempotent', async () => {
    const input = aSave(projectId);
    await running.save(input);
    await running.save({ ...input, completion: { ...input.completion, model: 'other', metadata: { a: 'b' } } });
    expect(await running.bus.call(get, { projectId, id: input.completion.id })).toEqual(input.completion);
  });

  it('separates completions with the same id in two projects', async () => {
    const mine = await stored();
    const theirs = await running.save(aSave(otherId, { id: mine.id, model: 'theirs' }));
    expect(await running.bus.call(get, { projectId, id: mine.id })).toEqual(mine);
    expect(await running.bus.call(get, { projectId: otherId, id: mine.id })).toEqual(theirs);
  });

  it('creates one key for concurrent saves in a new project', async () => {
    const saved = await Promise.all(Array.from({ length: 20 }, () => stored()));
    for (const completion of saved) {
      expect(await running.bus.call(get, { projectId, id: completion.id })).toEqual(completion);
    }
  });

  it('resolves after the commit, and fails with db.unavailable during a database outage', async () => {
    const input = aSave(projectId);
    await running.servers.postgres.stop();
    await expect(running.save(input)).rejects.toMatchObject({ code: 'db.unavailable' });
    await running.servers.postgres.restart();
    await expect(running.bus.call(get, { projectId, id: input.completion.id })).rejects.toMatchObject({
      code: 'completion.not_found',
    });
    await running.save(input);
    expect(await running.bus.call(get, { projectId, id: input.completion.id })).toEqual(input.completion);
  });

  it('accepts a completion of the maximum size, with the maximum metadata', async () => {
    const control = '\u0001'.repeat(512);
    const metadata = Object.fromEntries([...Array(16).keys()].map((i) => [String(i).padStart(64, '\u0001'), control]));
    const input = aSave(projectId);
    const room = STORED_BYTES_MAX - JSON.stringify(input).length - 100;
    const completion = await running.save({
      ...input,
      completion: { ...input.completion, choices: ['x'.repeat(room)] },
    });
    await running.bus.call(update, { projectId, id: completion.id, metadata });
    expect(await running.bus.call(get, { projectId, id: completion.id })).toEqual({ ...completion, metadata });
    expect(await listed()).toEqual({ ids: [completion.id], hasMore: false });
  });
});

describe('list', () => {
  it('is empty in a project without completions', async () => {
    await running.save(aSave(otherId));
    expect(await listed()).toEqual({ ids: [], hasMore: false });
  });

  it('lists in ascending or descending order', async () => {
    const ids = await several(3);
    expect(await listed()).toEqual({ ids, hasMore: false });
    expect(await listed({ order: 'desc' })).toEqual({ ids: ids.toReversed(), hasMore: false });
  });

  it('orders completions with the same time by id', async () => {
    const createdAt = Date.UTC(2026, 0, 2);
    for (const id of ['b', 'c', 'a']) await stored({ id }, { createdAt });
    expect((await listed()).ids).toEqual(['a', 'b', 'c']);
    expect((await listed({ limit: 1, after: 'a' })).ids).toEqual(['b']);
    expect((await listed({ order: 'desc', after: 'c' })).ids).toEqual(['b', 'a']);
  });

  it.each(['asc', 'desc'] as const)('returns every completion once across pages, %s', async (order) => {
    const ids = await several(5);
    const pages: string[][] = [];
    for (let after: string | undefined; ;) {
      const page = await listed({ limit: 2, order, ...(after !== undefined && { after }) });
      pages.push(page.ids);
      after = page.ids.at(-1);
      expect(page.hasMore).toBe(pages.flat().length < ids.length);
      if (!page.hasMore) break;
    }
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(pages.flat()).toEqual(order === 'asc' ? ids : ids.toReversed());
  });

  it('reports hasMore correctly at a page boundary', async () => {
    await several(2);
    expect(await listed({ limit: 2 })).toMatchObject({ hasMore: false });
    expect(await listed({ limit: 1 })).toMatchObject({ hasMore: true });
  });

  it('is empty after the last completion', async () => {
    const ids = await several(2);
    expect(await listed({ after: ids[1] as string })).toEqual({ ids: [], hasMore: false });
  });

  it('filters by endpoint', async () => {
    const here = await stored();
    const there = await stored({}, { endpointId: OTHER_ENDPOINT });
    expect((await listed({ endpointId: ENDPOINT })).ids).toEqual([here.id]);
    expect((await listed({ endpointId: OTHER_ENDPOINT })).ids).toEqual([there.id]);
    expect((await listed()).ids).toEqual([here.id, there.id]);
  });

  it('filters by model and by metadata, matching all pairs', async () => {
    const both = await stored({ metadata: { topic: 'a', user: '1' }, model: 'big' });
    const topic = await stored({ metadata: { topic: 'a' } });
    await stored({ metadata: { topic: 'b', user: '1' } });
    expect((await listed({ metadata: { topic: 'a' } })).ids).toEqual([both.id, topic.id]);
    expect((await listed({ metadata: { topic: 'a', user: '1' } })).ids).toEqual([both.id]);
    expect((await listed({ metadata: { topic: 'a', user: '2' } })).ids).toEqual([]);
    expect((await listed({ model: 'big' })).ids).toEqual([both.id]);
    expect((await listed({ model: 'tiny', metadata: { topic: 'a' } })).ids).toEqual([topic.id]);
    expect((await listed({ metadata: {} })).ids).toHaveLength(3);
  });

  it('reports hasMore for matching completions only', async () => {
    const first = await stored({ model: 'big' });
    await several(3);
    expect(await listed({ model: 'big', limit: 1 })).toEqual({ ids: [first.id], hasMore: false });
  });

  it('truncates a page that would exceed a message, and continues after it', async () => {
    const large = 'x'.repeat(400_000);
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) ids.push((await stored({ choices: [large] })).id);
    const first = await listed();
    expect(first).toEqual({ ids: ids.slice(0, 2), hasMore: true });
    const second = await listed({ after: ids[1] as string });
    expect(second).toEqual({ ids: ids.slice(2, 4), hasMore: true });
    expect(await listed({ after: ids[3] as string })).toEqual({ ids: ids.slice(4), hasMore: false });
  });

  it('rejects a cursor that is unknown, or of another project or endpoint', async () => {
    const mine = await stored();
    const theirs = await running.save(aSave(otherId));
    for (const query of [
      { after: 'chatcmpl-none' },
      { after: theirs.id },
      { after: mine.id, endpointId: OTHER_ENDPOINT },
    ]) {
      await expect(listed(query)).rejects.toMatchObject({ code: 'completion.unknown_cursor', param: 'after' });
    }
  });
});

describe('messages', () => {
  const three = [
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: [{ type: 'text', text: 'é😀' }] },
    { role: 'tool', content: 'x', tool_call_id: 'call_1' },
  ];

  const page = async (
    id: string,
    query: { after?: string; limit?: number; order?: 'asc' | 'desc' } = {},
  ): Promise<{ suffixes: string[]; hasMore: boolean }> => {
    const { data, hasMore } = await running.bus.call(messages, { projectId, id, limit: 20, order: 'asc', ...query });
    return { suffixes: data.map((message) => message.id.slice(id.length)), hasMore };
  };

  it('are returned as sent, with ids', async () => {
    const { id } = await stored({}, { messages: three });
    const page = await running.bus.call(messages, { projectId, id, limit: 20, order: 'asc' });
    expect(page).toEqual({
      data: three.map((message, index) => ({ id: `${id}-${index}`, message })),
      hasMore: false,
    });
  });

  it('are paginated in both orders', async () => {
    const { id } = await stored({}, { messages: three });
    expect(await page(id, { limit: 2 })).toEqual({ suffixes: ['-0', '-1'], hasMore: true });
    expect(await page(id, { limit: 2, after: `${id}-1` })).toEqual({ suffixes: ['-2'], hasMore: false });
    expect(await page(id, { limit: 3 })).toEqual({ suffixes: ['-0', '-1', '-2'], hasMore: false });
    expect(await page(id, { order: 'desc', limit: 1 })).toEqual({ suffixes: ['-2'], hasMore: true });
    expect(await page(id, { order: 'desc', after: `${id}-1` })).toEqual({ suffixes: ['-0'], hasMore: false });
    expect(await page(id, { after: `${id}-2` })).toEqual({ suffixes: [], hasMore: false });
  });

  it('reject an unknown cursor', async () => {
    const { id } = await stored({}, { messages: three });
    for (const after of [`${id}-3`, `${id}-`, id, 'chatcmpl-none-0', `${id}-01`]) {
      await expect(page(id, { after })).rejects.toMatchObject({ code: 'completion.unknown_cursor', param: 'after' });
    }
  });
});

describe('update', () => {
  it('replaces only the metadata', async () => {
    const completion = await stored({ metadata: { a: '1', b: '2' } });
    const expected = { ...completion, metadata: { c: '3' } };
    const { id } = completion;
    expect(await running.bus.call(update, { projectId, id, metadata: { c: '3' } })).toEqual(expected);
    expect(await running.bus.call(get, { projectId, id })).toEqual(expected);
    expect((await listed({ metadata: { a: '1' } })).ids).toEqual([]);
    expect((await listed({ metadata: { c: '3' } })).ids).toEqual([id]);
  });
});

describe('delete', () => {
  it('deletes the completion', async () => {
    const [{ id }, other] = [await stored(), await stored()];
    expect(await running.bus.call(remove, { projectId, id })).toEqual({});
    await expect(running.bus.call(get, { projectId, id })).rejects.toMatchObject({ code: 'completion.not_found' });
    await expect(running.bus.call(remove, { projectId, id })).rejects.toMatchObject({ code: 'completion.not_found' });
    expect((await listed()).ids).toEqual([other.id]);
    expect(await running.database.query('SELECT 1 FROM responses.completion WHERE id = $1', [id])).toEqual([]);
  });
});

describe('a completion of another project', () => {
  it('is not found by any operation, with the error of an unknown one, and is not changed', async () => {
    const completion = await stored({ metadata: { a: '1' } });
    const { id } = completion;
    const strangers = [{ projectId: otherId }, { projectId, endpointId: OTHER_ENDPOINT }];
    await running.save(aSave(otherId));
    for (const scope of strangers) {
      const one = { ...scope, id };
      const rejected = { code: 'completion.not_found', message: `Completion '${id}' was not found.` };
      const page = { limit: 20, order: 'asc' } as const;
      await expect(running.bus.call(get, one)).rejects.toMatchObject(rejected);
      await expect(running.bus.call(messages, { ...one, ...page })).rejects.toMatchObject(rejected);
      await expect(running.bus.call(update, { ...one, metadata: {} })).rejects.toMatchObject(rejected);
      await expect(running.bus.call(remove, one)).rejects.toMatchObject(rejected);
      expect((await listed(scope)).ids).not.toContain(id);
    }
    expect(await running.bus.call(get, { projectId, endpointId: ENDPOINT, id })).toEqual(completion);
  });
});

describe('stored data', () => {
  it('does not contain prompts or completions in clear text', async () => {
    const { id } = await stored(
      { choices: [{ message: { content: 'the-secret-completion' } }], metadata: { shown: 'in-clear' } },
      { messages: [{ role: 'user', content: 'the-secret-prompt' }] },
    );
    const [row] = await running.database.query<{ line: string; content: Buffer; messages: Buffer }[]>(
      `SELECT completion::text AS line, content, messages FROM responses.completion WHERE id = $1 AND project_id = $2`,
      [id, projectId],
    );
    expect(row?.line).toContain('in-clear');
    const bytes = Buffer.concat([row?.content as Buffer, row?.messages as Buffer]);
    for (const text of ['the-secret-completion', 'the-secret-prompt', 'role', 'choices']) {
      expect(row?.line).not.toContain(text);
      expect(bytes.includes(text)).toBe(false);
    }
    expect(running.logText()).not.toContain('the-secret');
  });

  it('can be decrypted in its own row only', async () => {
    const [one, two] = [await stored(), await stored()];
    const theirs = await running.save(aSave(otherId));
    const moves = [
      ['content', projectId, two.id],
      ['messages', projectId, two.id],
      ['content', otherId, theirs.id],
    ] as const;
    for (const [column, project, id] of moves) {
      // Moved by an attacker with access to the database, but without keys.
      await running.database.query(
        `UPDATE responses.completion SET ${column} = (SELECT content FROM responses.completion WHERE project_id = $1 AND id = $2)
         WHERE project_id = $3 AND id = $4`,
        [projectId, one.id, project, id],
      );
      const moved = { projectId: project, id };
      const reading =
        column === 'content'
          ? running.bus.call(get, moved)
          : running.bus.call(messages, { ...moved, limit: 1, order: 'asc' });
      await expect(reading).rejects.toMatchObject({ code: 'internal' });
    }
    expect(await running.bus.call(get, { projectId, id: one.id })).toEqual(one);
  });
});

describe('an invalid message', () => {
  it.each([
    ['an id with a dot', { id: 'a.b' }],
    ['metadata with a NUL', { metadata: { a: '\0' } }],
    ['metadata with half a character', { metadata: { a: '\ud800' } }],
  ])('is rejected for %s', async (_, changes) => {
    await expect(running.bus.call(save, aSave(projectId, changes))).rejects.toMatchObject({ code: 'bus.unreadable' });
  });
});
