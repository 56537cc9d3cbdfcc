/** Processes that are killed, suspended or replaced while they make a model of an upload. */
import { filesContract } from '@xerotier/contracts/files';
import type { StoredUpload } from '@xerotier/contracts/files';
import { ggufBytes } from '@xerotier/model-files/testing';
import { eventually, ServiceProgram } from '@xerotier/testing';
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { changeOf, runningFiles } from '../../test/running-files.ts';
import { BlobsReconciler } from '../blobs/blobs-reconciler.ts';
import { ABANDONED_MS, BlobsService } from '../blobs/blobs.service.ts';
import { ModelAttempts, StaleAttemptError } from '../uploads/model-attempts.ts';
import type { Attempt } from '../uploads/model-attempts.ts';

const files = runningFiles();
const { createUpload, getUpload, completeUpload, cancelUpload, listModelFiles } = filesContract.operations;
let projectId: string;
beforeEach(() => (projectId = files.newProject()));

const GGUF = ggufBytes();
const NO_REDIS = { REDIS_URL: 'redis://127.0.0.1:1' };

/** An upload that is processed as soon as somebody can. */
async function complete(content: Buffer, paths: readonly string[], partBytes: number): Promise<string> {
  const { id } = await files.bus.call(createUpload, {
    ...{ context: changeOf(projectId), purpose: 'model', filename: 'm', mimeType: 'a/b', bytes: content.length },
    ...{ model: { name: 'm' }, files: paths.map((path) => ({ path, bytes: content.length / paths.length })) },
  });
  const partIds: string[] = [];
  for (let at = 0; at < content.length; at += partBytes)
    partIds.push((await files.addPart(projectId, id, content.subarray(at, at + partBytes))).id);
  await files.bus.call(completeUpload, { context: changeOf(projectId), uploadId: id, partIds });
  return id;
}

const retrieve = (id: string): Promise<StoredUpload> => files.bus.call(getUpload, { projectId, id });

const ended = (id: string): Promise<StoredUpload> =>
  eventually('it has ended', async () => {
    const upload = await retrieve(id);
    return upload.status === 'processing' ? undefined : upload;
  });

const blobs = async (): Promise<{ state: string; id: string }[]> =>
  files.database.query('SELECT id, state FROM files.blob WHERE project_id = $1 ORDER BY created_at', [projectId]);

const ownObjects = async (): Promise<number> =>
  (await files.objects()).filter((path) => path.startsWith(projectId)).length;

async function expectStored(count: number, bytes: number): Promise<void> {
  await eventually('the rest is removed', async () => (await blobs()).length === count || undefined);
  expect([await ownObjects(), await files.storedBytes(projectId)]).toEqual([count, bytes]);
}

const attempts = (): ModelAttempts => files.service.nest.get(ModelAttempts, { strict: false });

/** Begins to process an upload, as a process that nothing is heard of afterwards. */
async function begin(uploadId: string): Promise<Attempt> {
  const attempt = await attempts().begin({ projectId, uploadId });
  if (attempt === undefined) throw new Error('It is not processed');
  return attempt;
}

async function* piecesOf(content: Buffer): AsyncGenerator<Buffer> {
  yield content;
}

describe('an attempt that another one has replaced', () => {
  beforeEach(() => files.restart(NO_REDIS));
  afterAll(() => files.restart());

  it('changes nothing any more, and what it was writing is removed', async () => {
    const uploadId = await complete(GGUF, ['a.gguf'], 200);
    expect(await retrieve(uploadId)).toMatchObject({ status: 'processing' });
    const store = files.service.nest.get(BlobsService, { strict: false });
    const first = await begin(uploadId);
    const written = await store.write(projectId, piecesOf(GGUF), attempts().writing(first, GGUF.length));
    expect(await blobs()).toContainEqual({ id: written.id, state: 'writing' });

    const second = await begin(uploadId);
    expect(await blobs()).not.toContainEqual(expect.objectContaining({ id: written.id }));
    for (const attempted of [
      attempts().storeFile(first, 'a.gguf', written),
      store.write(projectId, piecesOf(GGUF), attempts().writing(first, GGUF.length)),
      attempts().complete(first, { modelId: 'model_1', version: '1.0.0' }),
      attempts().release(first),
    ])
      await expect(attempted).rejects.toThrow(StaleAttemptError);
    expect([await attempts().isCurrent(first), await attempts().isCurrent(second)]).toEqual([false, true]);
    await store.discard([written]);

    await files.restart();
    expect(await ended(uploadId)).toMatchObject({ status: 'completed' });
    await expectStored(1, GGUF.length);
  });

  it('leaves the files that it has stored to the next one', async () => {
    const uploadId = await complete(Buffer.concat([GGUF, GGUF]), ['a.gguf', 'b.gguf'], 1_000);
    const store = files.service.nest.get(BlobsService, { strict: false });
    const first = await begin(uploadId);
    const written = await store.write(projectId, piecesOf(GGUF), attempts().writing(first, GGUF.length));
    await attempts().storeFile(first, 'a.gguf', written);
    // For as long as others take, however long that is.
    const reconciler = files.service.nest.get(BlobsReconciler, { strict: false });
    expect(await reconciler.reconcile({ now: Date.now() + 100 * ABANDONED_MS })).toMatchObject({ abandoned: 0 });
    expect([...(await begin(uploadId)).stored]).toEqual(['a.gguf']);
    await files.restart();
    // Two whole models in one: the check finds that.
    await ended(uploadId);
    expect(files.logText()).not.toContain('was removed before it was committed');
  });

  it('ends with an upload that is cancelled, which leaves nothing', async () => {
    const uploadId = await complete(GGUF, ['a.gguf'], 200);
    const store = files.service.nest.get(BlobsService, { strict: false });
    const attempt = await begin(uploadId);
    const written = await store.write(projectId, piecesOf(GGUF), attempts().writing(attempt, GGUF.length));
    expect(await files.bus.call(cancelUpload, { projectId, id: uploadId })).toMatchObject({ status: 'cancelled' });
    await expectStored(0, 0);
    await expect(attempts().storeFile(attempt, 'a.gguf', written)).rejects.toThrow(StaleAttemptError);
    expect(await attempts().begin({ projectId, uploadId })).toBeUndefined();
    expect(await files.bus.call(cancelUpload, { projectId, id: uploadId })).toMatchObject({ status: 'cancelled' });
    await expectStored(0, 0);
  });

  it('is the last one after ten that got nowhere', async () => {
    const uploadId = await complete(GGUF, ['a.gguf'], 200);
    // Outages do not count.
    await attempts().release(await begin(uploadId));
    for (let attempt = 0; attempt < 10; attempt += 1) await begin(uploadId);
    expect(await retrieve(uploadId)).toMatchObject({ status: 'processing' });
    expect(await attempts().begin({ projectId, uploadId })).toBeUndefined();
    expect(await retrieve(uploadId)).toMatchObject({ status: 'failed', error: { code: 'internal_error' } });
    await expectStored(0, 0);
  });
});

describe('a service that is killed while it processes an upload', () => {
  const KILLS = 2;
  const DATA_BYTES = 48 * 1_024 * 1_024;

  it(`${KILLS} times is replaced: there is one version, with all files, and nothing else`, async () => {
    const program = await ServiceProgram.build('files');
    try {
      // A large file, whose tensor is all of it, and nothing that compresses.
      const content = ggufBytes({
        tensors: [{ name: 'a', shape: [DATA_BYTES / 4], offset: 0 }],
        dataBytes: DATA_BYTES,
      });
      await files.restart(NO_REDIS);
      const uploadId = await complete(content, ['a.gguf'], 8 * 1_024 * 1_024);
      let interrupted = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        const running = program.start([], { ...files.env, REDIS_URL: files.servers.redis.url, LOG_LEVEL: 'error' });
        await eventually('it writes', async () => {
          const [row] = await files.database.query<{ count: string }[]>(
            `SELECT count(*) FROM files.model_upload JOIN files.blob AS blob
             ON blob.id = writing_blob_id AND blob.state = 'writing' AND blob.created_at > now() - interval '10 s'
             WHERE upload_id = $1 AND attempt > $2`,
            [uploadId, interrupted],
          );
          return Number(row?.count) > 0 || undefined;
        });
        await delay(randomInt(0, 150));
        running.child.kill('SIGKILL');
        await running.ended;
        const [{ attempt = 0 } = {}] = await files.database.query<{ attempt: number }[]>(
          'SELECT attempt FROM files.model_upload WHERE upload_id = $1',
          [uploadId],
        );
        interrupted = attempt;
        if ((await retrieve(uploadId)).status !== 'processing') break;
      }
      await files.restart();
      expect(await ended(uploadId)).toMatchObject({ status: 'completed', model: { version: '1.0.0' } });
      const reconciler = files.service.nest.get(BlobsReconciler, { strict: false });
      await reconciler.reconcile({ now: Date.now() + 100 * ABANDONED_MS });
      await expectStored(1, content.length);
      const versions = [...files.versions.values()].filter((version) => version.projectId === projectId);
      expect(versions).toHaveLength(1);
      const { versionId = '' } = versions[0] ?? {};
      const { files: stored } = await files.bus.call(listModelFiles, { projectId, versionId });
      expect(stored).toMatchObject([{ path: 'a.gguf', bytes: content.length }]);
    } finally {
      await program.remove();
    }
  }, 180_000);
});
