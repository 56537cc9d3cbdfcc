import { filesContract } from '@xerotier/contracts/files';
import type { StoredFile } from '@xerotier/contracts/files';
import { silentLog } from '@xerotier/log/testing';
import { connectBus } from '@xerotier/nats';
import { eventually } from '@xerotier/testing';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { aForm, changeOf, runningFiles } from '../../test/running-files.ts';
import { FilesExpiry } from './files-expiry.ts';

const files = runningFiles();
const { getFile, listFiles, deleteFile, openContent } = filesContract.operations;
let projectId: string;
beforeEach(() => (projectId = files.newProject()));

type Query = Partial<Omit<z.input<typeof listFiles.input>, 'limit' | 'order'>> & {
  limit?: number;
  order?: 'asc' | 'desc';
};

const list = (query: Query = {}): Promise<z.output<typeof listFiles.output>> =>
  files.bus.call(listFiles, { projectId, limit: 100, order: 'asc', ...query });

const idsOf = async (query: Query = {}): Promise<string[]> => (await list(query)).data.map(({ id }) => id);

const charged = async (): Promise<number> => {
  const [row] = await files.database.query<{ sum: string | null }[]>(
    'SELECT sum(charged_bytes) FROM files.blob WHERE project_id = $1',
    [projectId],
  );
  return Number(row?.sum ?? 0);
};

describe('a file', () => {
  it.each([0, 1, 65_536, 3_000_000])('of %i bytes is read as it was sent', async (bytes) => {
    const content = randomBytes(bytes);
    const file = await files.create(projectId, content);
    expect(file).toMatchObject({ bytes, purpose: 'user_data', filename: 'input.jsonl' });
    expect(file.id).toMatch(/^file-[0-9a-f]{24}$/);
    expect(file.expiresAt).toBeUndefined();
    expect((await files.read(projectId, file.id)).equals(content)).toBe(true);
    expect(await files.bus.call(getFile, { projectId, id: file.id })).toEqual(file);
  });

  it('is encrypted in the store', async () => {
    await files.create(projectId, 'a text that nobody else may read');
    const [path = ''] = (await files.objects()).filter((each) => each.startsWith(projectId));
    const stored = await readFile(join(files.env['FILES_DIRECTORY'] ?? '', 'objects', path), 'latin1');
    expect(stored).not.toContain('nobody else');
  });

  it('is read in ranges', async () => {
    const content = randomBytes(200_000);
    const { id } = await files.create(projectId, content);
    const cases: [string, number, number][] = [
      ['bytes=0-0', 0, 1],
      ['bytes=70000-140000', 70_000, 140_001],
      ['bytes=-5', 199_995, 200_000],
      ['bytes=199999-', 199_999, 200_000],
      ['bytes=100-999999', 100, 200_000],
      ['bytes=0-1,5-6', 0, 200_000],
      ['lines=0-1', 0, 200_000],
      ['nonsense', 0, 200_000],
    ];
    for (const [range, start, end] of cases)
      expect([range, (await files.read(projectId, id, range)).equals(content.subarray(start, end))]).toEqual([
        range,
        true,
      ]);
    for (const range of ['bytes=200000-', 'bytes=300000-400000'])
      await expect(files.bus.call(openContent, { projectId, id, range })).rejects.toMatchObject({
        code: 'file.range_not_satisfiable',
        details: { bytes: 200_000 },
      });
  });

  it.each([
    'größer 文件 😀.jsonl',
    '<b>bold<b>',
    "'; DROP TABLE file; --",
    '.hidden',
    '%2e%2e%2fetc%2fpasswd',
    'CON',
    `${'x'.repeat(508)}.txt`,
  ])('may have the name %j', async (filename) => {
    const file = await files.create(projectId, 'x', { filename });
    expect(file.filename).toBe(filename);
    expect((await list()).data[0]?.filename).toBe(filename);
  });

  it('has no path in its name', async () => {
    expect((await files.create(projectId, 'x', { filename: '../../etc/passwd' })).filename).toBe('passwd');
    expect((await files.create(projectId, 'x', { filename: 'C:\\a\\b.txt' })).filename).toBe('b.txt');
  });

  it.each([
    ['..', 'the file has no name'],
    ['x'.repeat(513), 'longer than 512'],
    ['a\u202etxt.exe', 'control characters'],
  ])('cannot have the name %j', async (filename, reason) => {
    await expect(files.create(projectId, 'x', { filename })).rejects.toMatchObject({
      code: 'request.invalid',
      param: 'file',
      message: expect.stringContaining(reason),
    });
  });

  it('may have the same bytes and name as another', async () => {
    const [first, second] = [await files.create(projectId, 'same'), await files.create(projectId, 'same')];
    expect(first.id).not.toBe(second.id);
    await files.bus.call(deleteFile, { projectId, id: first.id });
    expect((await files.read(projectId, second.id)).toString()).toBe('same');
  });

  it('of another project is not found, and not changed', async () => {
    const { id } = await files.create(projectId, 'mine');
    const other = files.newProject();
    for (const operation of [getFile, deleteFile, openContent])
      await expect(files.bus.call(operation, { projectId: other, id })).rejects.toMatchObject({
        code: 'file.not_found',
      });
    expect(await idsOf({ projectId: other })).toEqual([]);
    expect((await files.read(projectId, id)).toString()).toBe('mine');
  });

  it('that was deleted is gone, with its bytes', async () => {
    const { id } = await files.create(projectId, randomBytes(1_000));
    const { id: kept } = await files.create(projectId, randomBytes(500));
    expect(await files.storedBytes(projectId)).toBe(1_500);
    await files.bus.call(deleteFile, { projectId, id });
    await expect(files.bus.call(getFile, { projectId, id })).rejects.toMatchObject({ code: 'file.not_found' });
    await expect(files.bus.call(deleteFile, { projectId, id })).rejects.toMatchObject({ code: 'file.not_found' });
    expect(await idsOf()).toEqual([kept]);
    expect((await files.objects()).filter((path) => path.startsWith(projectId))).toHaveLength(1);
    expect([await files.storedBytes(projectId), await charged()]).toEqual([500, 500]);
  });

  it('can be deleted once, however often at the same time', async () => {
    const { id } = await files.create(projectId, randomBytes(1_000));
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => files.bus.call(deleteFile, { projectId, id })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect([await files.storedBytes(projectId), await charged()]).toEqual([0, 0]);
  });
});

describe('the events of a file', () => {
  it('leave the service after its creation and its deletion', async () => {
    const { nats } = await connectBus({ url: files.servers.nats.url, name: 'events', log: silentLog() });
    const seen: unknown[] = [];
    nats.subscribe(`events.v1.${projectId}`, {
      callback: (_, message) => {
        seen.push(...message.json<object[]>());
      },
    });
    await nats.flush();
    const file = await files.create(projectId, 'content');
    await files.bus.call(deleteFile, { projectId, id: file.id });
    await eventually('both have arrived', () => seen.length >= 2 || undefined);
    const data = { id: file.id, purpose: 'user_data', filename: 'input.jsonl', bytes: 7 };
    expect(seen).toEqual([
      expect.objectContaining({ type: 'file.created', projectId, data }),
      expect.objectContaining({ type: 'file.deleted', projectId, data }),
    ]);
    await nats.close();
  });
});

describe('a list of files', () => {
  it('is in the order of creation, in pages', async () => {
    const ids: string[] = [];
    for (let at = 0; at < 5; at += 1) ids.push((await files.create(projectId, String(at))).id);
    expect(await idsOf()).toEqual(ids);
    expect(await idsOf({ order: 'desc' })).toEqual(ids.toReversed());
    const first = await list({ limit: 2 });
    expect([first.data.map(({ id }) => id), first.hasMore]).toEqual([ids.slice(0, 2), true]);
    const rest = await list({ limit: 3, after: ids[1] });
    expect([rest.data.map(({ id }) => id), rest.hasMore]).toEqual([ids.slice(2), false]);
    await expect(list({ after: 'file-none' })).rejects.toMatchObject({ code: 'list.unknown_cursor' });
  });

  it('can be restricted to a purpose, and to a path', async () => {
    const batch = await files.create(projectId, 'a', { purpose: 'batch' });
    const one = await files.create(projectId, 'b', { relative_path: 'corpus/1%/a.txt' });
    const two = await files.create(projectId, 'c', { relative_path: 'corpus/2/b.txt' });
    expect(one.relativePath).toBe('corpus/1%/a.txt');
    expect(await idsOf({ purpose: 'batch' })).toEqual([batch.id]);
    expect(await idsOf({ purpose: 'vision' })).toEqual([]);
    expect(await idsOf({ prefix: 'corpus/' })).toEqual([one.id, two.id]);
    expect(await idsOf({ prefix: 'corpus/1%' })).toEqual([one.id]);
    expect(await idsOf({ prefix: 'corpus/%' })).toEqual([]);
    expect(await idsOf({ prefix: 'orpus' })).toEqual([]);
  });
});

describe('a form', () => {
  it.each([
    ['without a purpose', { purpose: '' }, 'purpose'],
    ['with an unknown purpose', { purpose: 'batch_output' }, 'purpose'],
    [
      'with too early an expiry',
      { 'expires_after[anchor]': 'created_at', 'expires_after[seconds]': '60' },
      'expires_after.seconds',
    ],
    [
      'with an expiry of text',
      { 'expires_after[anchor]': 'created_at', 'expires_after[seconds]': 'x' },
      'expires_after.seconds',
    ],
    ['with an expiry without anchor', { 'expires_after[seconds]': '3600' }, 'expires_after.anchor'],
    ['with a path to above', { relative_path: 'a/../../b' }, 'relative_path'],
    ['with an absolute path', { relative_path: '/a' }, 'relative_path'],
  ] as [string, Record<string, string>, string][])('%s is rejected, and leaves nothing', async (_, fields, param) => {
    await expect(files.create(projectId, 'content', fields)).rejects.toMatchObject({ code: 'request.invalid', param });
    await expectNothing();
  });

  it('without a file, and with two, is rejected, and leaves nothing', async () => {
    const form = new FormData();
    form.append('purpose', 'batch');
    const send = async (): Promise<unknown> => files.send(await files.begin(changeOf(projectId)), form);
    await expect(send()).rejects.toMatchObject({ param: 'file', message: expect.stringContaining('Missing') });
    for (const name of ['a', 'b']) form.append('file', new Blob([name]), name);
    await expect(send()).rejects.toMatchObject({ param: 'file', message: expect.stringContaining('one file') });
    await expectNothing();
  });

  it('may have its fields after its file, and files of other fields, which are ignored', async () => {
    const form = new FormData();
    form.append('file', new Blob(['content']), 'a.txt');
    form.append('other', new Blob(['x'.repeat(100_000)]), 'b.txt');
    form.append('purpose', 'evals');
    expect(await files.send(await files.begin(changeOf(projectId)), form)).toMatchObject({
      purpose: 'evals',
      bytes: 7,
    });
    expect(await files.storedBytes(projectId)).toBe(7);
  });

  async function expectNothing(): Promise<void> {
    expect(await idsOf()).toEqual([]);
    expect((await files.objects()).filter((path) => path.startsWith(projectId))).toEqual([]);
    expect([await files.storedBytes(projectId), await charged()]).toEqual([0, 0]);
  }
});

describe('the expiry of a file', () => {
  const DAY_MS = 86_400_000;

  it('is 30 days after its creation for batches, and as the client says it', async () => {
    const batch = await files.create(projectId, 'x', { purpose: 'batch' });
    expect((batch.expiresAt ?? 0) - batch.createdAt).toBeCloseTo(30 * DAY_MS, -4);
    const seconds = { 'expires_after[anchor]': 'created_at', 'expires_after[seconds]': '3600' };
    const own = await files.create(projectId, 'x', seconds);
    expect((own.expiresAt ?? 0) - own.createdAt).toBeCloseTo(3_600_000, -4);
  });

  it('removes it at once from lists, and later from the store', async () => {
    const { id } = await files.create(projectId, 'x', { purpose: 'batch' });
    const { id: other } = await files.create(projectId, 'y', { purpose: 'batch' });
    await files.database.query(`UPDATE files.file SET expires_at = now() - interval '1 second' WHERE id = $1`, [id]);
    expect(await idsOf()).toEqual([other]);
    await expect(files.bus.call(getFile, { projectId, id })).rejects.toMatchObject({ code: 'file.not_found' });
    expect(await files.service.nest.get(FilesExpiry, { strict: false }).purge()).toBeGreaterThan(0);
    expect((await files.objects()).filter((path) => path.startsWith(projectId))).toHaveLength(1);
    expect(await files.storedBytes(projectId)).toBe(1);
  });
});

describe('the storage of a project', () => {
  it('is limited, whether the length is known before or not', async () => {
    files.quotas.set(projectId, 2_000_000);
    await files.create(projectId, randomBytes(1_500_000));
    await expect(files.begin(changeOf(projectId), 600_000)).rejects.toMatchObject({
      code: 'storage.quota_exceeded',
      details: { bytesMax: 2_000_000, bytesUsed: 1_500_000 },
    });
    const send = async (bytes: number): Promise<StoredFile> =>
      files.send(await files.begin(changeOf(projectId)), aForm(randomBytes(bytes)));
    await expect(send(500_001)).rejects.toMatchObject({ code: 'storage.quota_exceeded' });
    expect(await files.storedBytes(projectId)).toBe(1_500_000);
    const last = await send(500_000);
    await expect(send(1)).rejects.toMatchObject({ code: 'storage.quota_exceeded' });
    await files.bus.call(deleteFile, { projectId, id: last.id });
    await send(1);
  });

  it('is not exceeded by files that arrive at the same time', async () => {
    files.quotas.set(projectId, 1_000_000);
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => files.create(projectId, randomBytes(300_000))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect([await files.storedBytes(projectId), await charged()]).toEqual([900_000, 900_000]);
  });

  it('is that of before while auth is unavailable, and unknown for a new project', async () => {
    files.quotas.set(projectId, undefined);
    await expect(files.create(projectId, 'x')).rejects.toMatchObject({ status: 503 });
    expect((await files.objects()).filter((path) => path.startsWith(projectId))).toEqual([]);
  });
});
