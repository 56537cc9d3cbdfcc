import { filesContract } from '@xerotier/contracts/files';
import type { StoredUpload } from '@xerotier/contracts/files';
import { eventually } from '@xerotier/testing';
import { createHash, randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { changeOf, runningFiles } from '../../test/running-files.ts';
import { TransferSlots } from '../transfers/transfer-slots.ts';
import { UploadsExpiry } from './uploads-expiry.ts';

const files = runningFiles();
const { createUpload, getUpload, listParts, completeUpload, cancelUpload, beginPart, getFile } =
  filesContract.operations;
let projectId: string;
beforeEach(() => (projectId = files.newProject()));

const create = (
  bytes: number,
  more: Partial<z.input<typeof createUpload.input>> = {},
  key?: string,
): Promise<StoredUpload> =>
  files.bus.call(createUpload, {
    ...{
      context: changeOf(projectId, key),
      purpose: 'user_data',
      filename: 'large.bin',
      mimeType: 'text/plain',
      bytes,
    },
    ...more,
  });

const complete = (uploadId: string, partIds: string[], md5?: string, key?: string): Promise<StoredUpload> =>
  files.bus.call(completeUpload, {
    ...{ context: changeOf(projectId, key), uploadId, partIds },
    ...(md5 !== undefined && { md5 }),
  });

const partsOf = async (id: string): Promise<string[]> =>
  (await files.bus.call(listParts, { projectId, id, limit: 100, order: 'asc' })).data.map((part) => part.id);

const ownObjects = async (): Promise<number> =>
  (await files.objects()).filter((path) => path.startsWith(projectId)).length;

describe('an upload', () => {
  it('becomes a file of its parts, in the order of its completion', async () => {
    const pieces = [100_000, 1, 70_000].map((bytes) => randomBytes(bytes));
    const upload = await create(170_001, { relativePath: 'a/b', expiresAfterSeconds: 7_200 });
    expect(upload).toMatchObject({
      id: expect.stringMatching(/^upload_[0-9a-f]{24}$/),
      status: 'pending',
      bytes: 170_001,
    });
    expect(upload.expiresAt - upload.createdAt).toBeCloseTo(3_600_000, -4);
    // In another order, and at the same time.
    const parts = await Promise.all(pieces.map((piece) => files.addPart(projectId, upload.id, piece)));
    expect(parts.map(({ bytes }) => bytes)).toEqual([100_000, 1, 70_000]);
    expect(parts[1]?.sha256).toBe(
      createHash('sha256')
        .update(pieces[1] as Buffer)
        .digest('hex'),
    );
    expect((await partsOf(upload.id)).toSorted()).toEqual(parts.map(({ id }) => id).toSorted());
    const order = [2, 0, 1];
    const content = Buffer.concat(order.map((at) => pieces[at] as Buffer));
    const md5 = createHash('md5').update(content).digest('hex');
    const completed = await complete(
      upload.id,
      order.map((at) => parts[at]?.id ?? ''),
      md5.toUpperCase(),
    );
    expect(completed).toMatchObject({
      status: 'completed',
      file: { bytes: 170_001, filename: 'large.bin', purpose: 'user_data', relativePath: 'a/b' },
    });
    const file = completed.file?.id ?? '';
    expect((await files.read(projectId, file)).equals(content)).toBe(true);
    for (const [start, end] of [
      [69_990, 70_010],
      [0, 1],
      [70_000, 170_000],
      [170_000, 170_001],
    ] as const)
      expect(
        (await files.read(projectId, file, `bytes=${start}-${end - 1}`)).equals(content.subarray(start, end)),
      ).toBe(true);
    expect(await files.bus.call(getUpload, { projectId, id: upload.id })).toEqual(completed);
    expect(completed.file?.expiresAt).toBeCloseTo(Date.now() + 7_200_000, -5);
    expect([await files.storedBytes(projectId), await ownObjects()]).toEqual([170_001, 3]);
  });

  it('deletes the parts that are not used', async () => {
    const upload = await create(10);
    const [lost, kept] = [
      await files.addPart(projectId, upload.id, randomBytes(10)),
      await files.addPart(projectId, upload.id, randomBytes(10)),
    ];
    expect(await files.storedBytes(projectId)).toBe(20);
    await complete(upload.id, [kept.id]);
    expect([await files.storedBytes(projectId), await ownObjects(), await partsOf(upload.id)]).toEqual([10, 1, []]);
    expect(lost.id).not.toBe(kept.id);
  });

  it('is that of its project: others do not find it', async () => {
    const upload = await create(10);
    const part = await files.addPart(projectId, upload.id, randomBytes(10));
    const other = files.newProject();
    const attempts = [
      files.bus.call(getUpload, { projectId: other, id: upload.id }),
      files.bus.call(cancelUpload, { projectId: other, id: upload.id }),
      files.bus.call(listParts, { projectId: other, id: upload.id, limit: 1, order: 'asc' }),
      files.bus.call(beginPart, { context: changeOf(other), uploadId: upload.id }),
      files.bus.call(completeUpload, { context: changeOf(other), uploadId: upload.id, partIds: [part.id] }),
    ];
    for (const attempt of attempts) await expect(attempt).rejects.toMatchObject({ code: 'upload.not_found' });
    // A part of another project is none.
    const theirs = await files.bus.call(createUpload, {
      ...{ context: changeOf(other), purpose: 'user_data', filename: 'a', mimeType: 'a/b', bytes: 10 },
    });
    await expect(
      files.bus.call(completeUpload, { context: changeOf(other), uploadId: theirs.id, partIds: [part.id] }),
    ).rejects.toMatchObject({ code: 'upload.rejected', param: 'part_ids[0]' });
    expect((await files.bus.call(getUpload, { projectId, id: upload.id })).status).toBe('pending');
  });
});

describe('completing an upload', () => {
  it.each([
    ['fewer bytes', 11, 'part_ids', 'have 10 bytes, but the upload has 11'],
    ['more bytes', 9, 'part_ids', 'have 10 bytes, but the upload has 9'],
  ])('with %s is rejected, and it can be completed later', async (_, bytes, param, message) => {
    const upload = await create(bytes);
    const part = await files.addPart(projectId, upload.id, randomBytes(10));
    await expect(complete(upload.id, [part.id])).rejects.toMatchObject({
      ...{ code: 'upload.rejected', status: 400, param, message: expect.stringContaining(message) },
    });
    expect((await files.bus.call(getUpload, { projectId, id: upload.id })).status).toBe('pending');
  });

  it('with another MD5, a part twice, or an unknown part is rejected', async () => {
    const upload = await create(10);
    const { id } = await files.addPart(projectId, upload.id, randomBytes(10));
    await expect(complete(upload.id, [id], '0'.repeat(32))).rejects.toMatchObject({
      code: 'upload.rejected',
      param: 'md5',
    });
    await expect(complete(upload.id, [id, id])).rejects.toMatchObject({ param: 'part_ids[1]' });
    await expect(complete(upload.id, [`part_${'0'.repeat(24)}`])).rejects.toMatchObject({ param: 'part_ids[0]' });
    await complete(upload.id, [id]);
  });

  it('with an MD5 takes one of the transfers that an instance makes at the same time', async () => {
    const slots = files.service.nest.get(TransferSlots, { strict: false });
    const upload = await create(10);
    const content = randomBytes(10);
    const { id } = await files.addPart(projectId, upload.id, content);
    const md5 = createHash('md5').update(content).digest('hex');
    const taken: (() => void)[] = [];
    const isFree = (): boolean => {
      try {
        slots.assertFree(projectId);
        return true;
      } catch {
        return false;
      }
    };
    while (isFree()) taken.push(slots.take(projectId));
    await expect(complete(upload.id, [id], md5)).rejects.toMatchObject({ code: 'file.too_many_transfers' });
    for (const release of taken) release();
    expect(await complete(upload.id, [id], md5)).toMatchObject({ status: 'completed' });
    expect(isFree()).toBe(true);
  });

  it('can be done once; nothing changes afterwards', async () => {
    const upload = await create(10);
    const { id } = await files.addPart(projectId, upload.id, randomBytes(10));
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => complete(upload.id, [id])));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const rejection = { code: 'upload.not_pending', details: { status: 'completed' } };
    await expect(complete(upload.id, [id])).rejects.toMatchObject(rejection);
    await expect(files.addPart(projectId, upload.id, randomBytes(1))).rejects.toMatchObject(rejection);
    await expect(files.bus.call(cancelUpload, { projectId, id: upload.id })).rejects.toMatchObject(rejection);
    expect([await files.storedBytes(projectId), await ownObjects()]).toEqual([10, 1]);
  });

  it('with an idempotency key returns the same, as do creation and parts', async () => {
    const [upload, again] = [await create(10, {}, 'create'), await create(10, {}, 'create')];
    expect(again).toEqual(upload);
    const content = randomBytes(10);
    const part = await files.addPart(projectId, upload.id, content, 'part');
    expect(await files.addPart(projectId, upload.id, content, 'part')).toEqual(part);
    await expect(files.addPart(projectId, upload.id, randomBytes(10), 'part')).rejects.toMatchObject({
      code: 'idempotency.key_reused',
    });
    await eventually('the repeated one is discarded', async () => (await ownObjects()) === 1 || undefined);
    const completed = await complete(upload.id, [part.id], undefined, 'complete');
    expect(await complete(upload.id, [part.id], undefined, 'complete')).toEqual(completed);
    expect(await files.bus.call(getFile, { projectId, id: completed.file?.id ?? '' })).toEqual(completed.file);
  });
});

describe('ending an upload', () => {
  const expectEnded = async (id: string, status: string): Promise<void> => {
    expect((await files.bus.call(getUpload, { projectId, id })).status).toBe(status);
    await expect(complete(id, ['part_x'])).rejects.toMatchObject({ code: 'upload.not_pending', details: { status } });
    await expect(files.addPart(projectId, id, randomBytes(1))).rejects.toMatchObject({ code: 'upload.not_pending' });
  };

  it('by cancelling it deletes its parts, and can be repeated', async () => {
    const upload = await create(10);
    await files.addPart(projectId, upload.id, randomBytes(10));
    for (let times = 0; times < 2; times += 1)
      expect(await files.bus.call(cancelUpload, { projectId, id: upload.id })).toMatchObject({ status: 'cancelled' });
    await expectEnded(upload.id, 'cancelled');
    expect([await files.storedBytes(projectId), await ownObjects()]).toEqual([0, 0]);
  });

  it('by its expiry does the same, from the moment on', async () => {
    const upload = await create(10);
    await files.addPart(projectId, upload.id, randomBytes(10));
    await files.database.query(`UPDATE files.upload SET expires_at = now() WHERE id = $1`, [upload.id]);
    await expectEnded(upload.id, 'expired');
    expect(await ownObjects()).toBe(1);
    await files.service.nest.get(UploadsExpiry, { strict: false }).purge();
    await expectEnded(upload.id, 'expired');
    expect([await files.storedBytes(projectId), await ownObjects()]).toEqual([0, 0]);
  });
});

describe('the sweep of uploads', () => {
  const sweep = (): Promise<number> => files.service.nest.get(UploadsExpiry, { strict: false }).purge();
  const age = (id: string, days: number): Promise<unknown> =>
    files.database.query(`UPDATE files.upload SET expires_at = now() - make_interval(days => $2) WHERE id = $1`, [
      id,
      days,
    ]);

  it('deletes uploads that ended 30 days ago, and no others', async () => {
    const [old, recent] = [await create(10), await create(10)];
    for (const { id } of [old, recent]) await files.bus.call(cancelUpload, { projectId, id });
    await age(old.id, 31);
    await age(recent.id, 29);
    await sweep();
    await expect(files.bus.call(getUpload, { projectId, id: old.id })).rejects.toMatchObject({
      code: 'upload.not_found',
    });
    expect((await files.bus.call(getUpload, { projectId, id: recent.id })).status).toBe('cancelled');
  });

  it('ends an upload before it deletes it, however old it is', async () => {
    const upload = await create(10);
    await files.addPart(projectId, upload.id, randomBytes(10));
    await age(upload.id, 31);
    await sweep();
    expect([await files.storedBytes(projectId), await ownObjects()]).toEqual([0, 0]);
  });

  it('does not wait for what another instance ends', async () => {
    const [locked, free] = [await create(10), await create(10)];
    for (const { id } of [locked, free]) await age(id, 0);
    await files.database.transaction(async (manager) => {
      await manager.query('SELECT FROM files.upload WHERE id = $1 FOR UPDATE', [locked.id]);
      await sweep();
      const rows = await manager.query('SELECT id, status FROM files.upload WHERE project_id = $1', [projectId]);
      expect(new Map(rows.map(({ id, status }: { id: string; status: string }) => [id, status]))).toEqual(
        new Map([
          [locked.id, 'pending'],
          [free.id, 'expired'],
        ]),
      );
    });
    await sweep();
    expect(
      await files.database.query('SELECT DISTINCT status FROM files.upload WHERE project_id = $1', [projectId]),
    ).toEqual([{ status: 'expired' }]);
  });
});

describe('a part', () => {
  it('has at most 64 MB, and an upload twice its size in parts', async () => {
    const upload = await create(10);
    await expect(
      files.bus.call(beginPart, { context: changeOf(projectId), uploadId: upload.id, formBytes: 65 * 1_024 ** 2 }),
    ).rejects.toMatchObject({ code: 'file.too_large', details: { bytesMax: 64 * 1_024 ** 2 } });
    await files.addPart(projectId, upload.id, randomBytes(20));
    await expect(files.addPart(projectId, upload.id, randomBytes(1))).rejects.toMatchObject({
      ...{ code: 'upload.rejected', param: 'data' },
    });
    expect(await files.storedBytes(projectId)).toBe(20);
  });

  it('is stored if it has the SHA-256 that was sent with it', async () => {
    const upload = await create(10);
    const content = randomBytes(10);
    const sha256 = createHash('sha256').update(content).digest('hex');
    for (const [sent, message] of [
      ['0'.repeat(64), `the part that has arrived has ${sha256}`],
      ['abc', 'must be 64 hexadecimal digits'],
    ] as const)
      await expect(files.addPart(projectId, upload.id, content, undefined, { sha256: sent })).rejects.toMatchObject({
        ...{ code: 'request.invalid', status: 400, param: 'sha256', message: expect.stringContaining(message) },
      });
    expect([await partsOf(upload.id), await files.storedBytes(projectId), await ownObjects()]).toEqual([[], 0, 0]);
    const part = await files.addPart(projectId, upload.id, content, undefined, { sha256: sha256.toUpperCase() });
    expect(part.sha256).toBe(sha256);
  });

  it('does not count twice when its creation is repeated', async () => {
    files.quotas.set(projectId, 100);
    const upload = await create(60, {}, 'create');
    await files.addPart(projectId, upload.id, randomBytes(60));
    expect((await create(60, {}, 'create')).id).toBe(upload.id);
    await expect(create(60, {}, 'another')).rejects.toMatchObject({ code: 'storage.quota_exceeded' });
  });

  it('counts as stored, and an upload that cannot fit is rejected at once', async () => {
    files.quotas.set(projectId, 100);
    await expect(create(101)).rejects.toMatchObject({ code: 'storage.quota_exceeded' });
    const upload = await create(100);
    await files.addPart(projectId, upload.id, randomBytes(60));
    await expect(files.addPart(projectId, upload.id, randomBytes(60))).rejects.toMatchObject({
      code: 'storage.quota_exceeded',
    });
  });
});
