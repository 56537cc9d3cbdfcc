/** Models from their upload to the catalogue. */
import { filesContract } from '@xerotier/contracts/files';
import type { StoredUpload } from '@xerotier/contracts/files';
import { modelVersionRemoved } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import { silentLog } from '@xerotier/log/testing';
import { aNumber, ARCHITECTURE, ggufBytes, safetensorsBytes, tarOf } from '@xerotier/model-files/testing';
import { connectBus, DurablePublisher } from '@xerotier/nats';
import { eventually } from '@xerotier/testing';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { z } from 'zod';
import { changeOf, runningFiles } from '../../test/running-files.ts';
import { UploadsExpiry } from '../uploads/uploads-expiry.ts';

const run = promisify(execFile);
const files = runningFiles();
const { createUpload, getUpload, completeUpload, cancelUpload, beginPart, listFiles, listModelFiles, openModelFile } =
  filesContract.operations;
let projectId: string;
beforeEach(() => (projectId = files.newProject()));

type Request = z.input<typeof createUpload.input>;

const WEIGHTS = safetensorsBytes();
const CONFIG = Buffer.from(JSON.stringify({ architectures: ['LlamaForCausalLM'], max_position_embeddings: 4_096 }));
const DIRECTORY = { 'config.json': CONFIG, 'merges.txt': Buffer.alloc(0), 'model.safetensors': WEIGHTS };
const sha256Of = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

const create = (bytes: number, more: Partial<Request> = {}): Promise<StoredUpload> =>
  files.bus.call(createUpload, {
    ...{ context: changeOf(projectId), purpose: 'model', filename: 'tiny.tar.gz', mimeType: 'application/gzip', bytes },
    ...{ model: { name: 'tiny' }, ...more },
  });

const manifestOf = (directory: Readonly<Record<string, Uint8Array>>): NonNullable<Request['files']> =>
  Object.entries(directory).map(([path, content]) => ({ path, bytes: content.length, sha256: sha256Of(content) }));

/** Sends content in parts of at most this length, and completes the upload. */
async function send(content: Buffer, more: Partial<Request> = {}, partBytes = 1_000): Promise<StoredUpload> {
  const { id } = await create(content.length, more);
  const partIds: string[] = [];
  for (let at = 0; at < content.length; at += partBytes)
    partIds.push((await files.addPart(projectId, id, content.subarray(at, at + partBytes))).id);
  return files.bus.call(completeUpload, { context: changeOf(projectId), uploadId: id, partIds });
}

const sendDirectory = (
  directory: Readonly<Record<string, Buffer>> = DIRECTORY,
  more: Partial<Request> = {},
): Promise<StoredUpload> =>
  send(Buffer.concat(Object.values(directory)), { filename: 'tiny', files: manifestOf(directory), ...more }, 150);

const retrieve = (id: string): Promise<StoredUpload> => files.bus.call(getUpload, { projectId, id });

const ended = (id: string): Promise<StoredUpload> =>
  eventually('it has ended', async () => {
    const upload = await retrieve(id);
    return upload.status === 'processing' ? undefined : upload;
  });

const versionIdOf = async (uploadId: string): Promise<string> => {
  const [row] = await files.database.query<{ id: string }[]>(
    'SELECT version_id AS id FROM files.model_upload WHERE upload_id = $1',
    [uploadId],
  );
  return row?.id ?? '';
};

async function readModelFile(versionId: string, path: string, range?: string): Promise<Buffer> {
  const opened = await files.bus.call(openModelFile, {
    ...{ projectId, versionId, path },
    ...(range !== undefined && { range }),
  });
  return files.fetch(opened.transfer);
}

const rowsOf = async (table: string): Promise<number> => {
  const [row] = await files.database.query<{ count: string }[]>(
    `SELECT count(*) FROM files.${table} WHERE project_id = $1`,
    [projectId],
  );
  return Number(row?.count);
};

const ownObjects = async (): Promise<number> =>
  (await files.objects()).filter((path) => path.startsWith(projectId)).length;

/** Its objects are removed after the transaction that ends an upload. */
async function expectStored(count: number, bytes: number): Promise<void> {
  await eventually('the rest is removed', async () => (await rowsOf('blob')) === count || undefined);
  const remains = [await ownObjects(), await rowsOf('model_file'), await rowsOf('upload_part')];
  expect([...remains, await files.storedBytes(projectId)]).toEqual([count, count, 0, bytes]);
}

describe('a model', () => {
  it('of a manifest is a version in the catalogue with these files', async () => {
    const request = { name: 'acme/tiny', version: '2.0.0-rc.1', versionNotes: 'A candidate', promote: false };
    const upload = await sendDirectory(DIRECTORY, { model: request });
    expect(upload).toMatchObject({ status: 'processing', purpose: 'model' });
    expect(upload.expiresAt - upload.createdAt).toBeCloseTo(24 * 3_600_000, -4);
    const completed = await ended(upload.id);
    expect(completed).toMatchObject({
      status: 'completed',
      model: { id: expect.stringMatching(/^model_/), version: '2.0.0-rc.1' },
    });
    expect(completed.file).toBeUndefined();

    const versionId = await versionIdOf(upload.id);
    const bytes = CONFIG.length + WEIGHTS.length;
    expect(files.versions.get(versionId)).toMatchObject({
      ...{ projectId, ...request, bytes, fileCount: 3, uploader: { actor: { kind: 'api_key', id: 'key_test' } } },
      facts: {
        ...{ format: 'safetensors', architecture: 'LlamaForCausalLM', contextLength: 4_096 },
        ...{ parameterCount: 7, quantization: 'BF16' },
      },
    });
    const listed = await files.bus.call(listModelFiles, { projectId, versionId });
    expect(listed.files).toEqual(manifestOf(DIRECTORY));
    for (const [path, content] of Object.entries(DIRECTORY))
      expect((await readModelFile(versionId, path)).equals(content)).toBe(true);
    expect((await readModelFile(versionId, 'model.safetensors', 'bytes=3-9')).equals(WEIGHTS.subarray(3, 10))).toBe(
      true,
    );
    await expectStored(3, bytes);
    expect((await files.bus.call(listFiles, { projectId, limit: 100, order: 'asc' })).data).toEqual([]);
  });

  it.each([
    ['tar.gz', (tar: Buffer) => gzipSync(tar), {}],
    ['tar', (tar: Buffer) => tar, { filename: 'tiny.tar', mimeType: 'application/octet-stream' }],
    ['tar by its media type', (tar: Buffer) => tar, { filename: 'tiny', mimeType: 'application/x-tar' }],
  ])('of a %s is a version with the files of the archive', async (_, packed, more) => {
    const entries = Object.entries(DIRECTORY).map(([name, content]) => ({ name: `./${name}`, content }));
    const upload = await send(packed(tarOf({ name: './', type: '5' }, ...entries)), more);
    expect(await ended(upload.id)).toMatchObject({ status: 'completed', model: { version: '1.0.0' } });
    const { files: listed } = await files.bus.call(listModelFiles, {
      projectId,
      versionId: await versionIdOf(upload.id),
    });
    expect(listed).toEqual(manifestOf(DIRECTORY));
    await expectStored(3, CONFIG.length + WEIGHTS.length);
  });

  it('of one GGUF file is a version with this file', async () => {
    const sizes = { block_count: 2, embedding_length: 64, feed_forward_length: 128, 'attention.head_count': 4 };
    const pairs = Object.entries(sizes).map(([key, value]) => aNumber(`llama.${key}`, value));
    const content = ggufBytes({ pairs: [ARCHITECTURE, ...pairs] });
    const upload = await send(content, { filename: 'tiny-Q8_0.gguf', mimeType: 'application/octet-stream' });
    expect(await ended(upload.id)).toMatchObject({ status: 'completed' });
    const versionId = await versionIdOf(upload.id);
    expect(files.versions.get(versionId)).toMatchObject({
      ...{ fileCount: 1, facts: { format: 'gguf', shape: { kind: 'decoder', weightBytes: 128 } } },
    });
    expect((await readModelFile(versionId, 'tiny-Q8_0.gguf')).equals(content)).toBe(true);
  });

  it('is that of its project: others find neither the upload nor the files', async () => {
    const upload = await sendDirectory();
    await ended(upload.id);
    const versionId = await versionIdOf(upload.id);
    const other = files.newProject();
    for (const attempt of [
      files.bus.call(listModelFiles, { projectId: other, versionId }),
      files.bus.call(openModelFile, { projectId: other, versionId, path: 'config.json' }),
      files.bus.call(openModelFile, { projectId, versionId, path: 'model.gguf' }),
    ])
      await expect(attempt).rejects.toMatchObject({ code: 'file.not_found' });
    await expect(files.bus.call(getUpload, { projectId: other, id: upload.id })).rejects.toMatchObject({
      code: 'upload.not_found',
    });
  });

  it('has a range that cannot be read, like other files', async () => {
    const upload = await sendDirectory();
    await ended(upload.id);
    await expect(readModelFile(await versionIdOf(upload.id), 'config.json', 'bytes=9999-')).rejects.toMatchObject({
      code: 'file.range_not_satisfiable',
    });
  });
});

describe('an upload of a model is rejected at once', () => {
  const one = (path: string, bytes = 10): Partial<Request> => ({ files: [{ path, bytes }] });
  it.each<[string, Partial<Request>, string, string]>([
    ['tar.bz2 by its name', { filename: 'm.tar.bz2', mimeType: 'application/octet-stream' }, 'filename', 'gzip'],
    ['tar.bz2 by its media type', { mimeType: 'application/x-bzip2' }, 'mime_type', 'gzip'],
    ['something else', { filename: 'm.zip', mimeType: 'application/zip' }, 'filename', '.tar'],
    ['a GGUF file with a path in a name', { filename: '-.gguf', mimeType: 'a/b' }, 'filename', 'no kind'],
    ['a pickle', one('pytorch_model.bin'), 'files[0].path', 'no kind'],
    ['a traversal', one('../config.json'), 'files[0].path', 'no kind'],
    ['a folder', one('a/config.json'), 'files[0].path', 'no kind'],
    ['a configuration that is too large', one('config.json', 2 ** 21), 'files[0].path', '1048576 bytes'],
    ['a file that the store cannot have', one('m.gguf', 2 ** 37), 'files[0].bytes', 'split it'],
    [
      'a name twice',
      {
        files: [
          { path: 'a.gguf', bytes: 5 },
          { path: 'A.gguf', bytes: 5 },
        ],
      },
      'files[1].path',
      'another file has this name',
    ],
  ])('if it is %s', async (_, more, param, message) => {
    await expect(create(10, more)).rejects.toMatchObject({
      ...{ status: 400, param, message: expect.stringContaining(message) },
    });
    expect(await rowsOf('upload')).toBe(0);
  });

  it('unless its manifest has at most 1,000 files', async () => {
    const paths = Array.from({ length: 1_000 }, (_, at) => `${'x'.repeat(190)}${at}.gguf`);
    const manifest = paths.map((path) => ({ path, bytes: 1, sha256: '0'.repeat(64) }));
    expect(await create(1_000, { files: manifest })).toMatchObject({ status: 'pending' });
  });

  it('if it is larger than the storage that is left', async () => {
    files.quotas.set(projectId, 100);
    await expect(create(101)).rejects.toMatchObject({ code: 'storage.quota_exceeded' });
    await create(100);
  });
});

describe('parts of a model', () => {
  it('may have 100 MiB', async () => {
    const { id: uploadId } = await create(10);
    const begin = (mib: number): Promise<unknown> =>
      files.bus.call(beginPart, { context: changeOf(projectId), uploadId, formBytes: mib * 1_024 ** 2 });
    await begin(100);
    await expect(begin(101)).rejects.toMatchObject({ code: 'file.too_large', details: { bytesMax: 104_857_600 } });
  });

  it('have no MD5', async () => {
    const { id: uploadId } = await create(10);
    const { id } = await files.addPart(projectId, uploadId, randomBytes(10));
    await expect(
      files.bus.call(completeUpload, {
        ...{ context: changeOf(projectId), uploadId, partIds: [id], md5: '0'.repeat(32) },
      }),
    ).rejects.toMatchObject({ code: 'upload.rejected', param: 'md5' });
  });

  it('that are not named are deleted; completing the upload again with its key returns the same', async () => {
    const content = ggufBytes();
    const { id: uploadId } = await create(content.length, { filename: 'a.gguf' });
    await files.addPart(projectId, uploadId, randomBytes(content.length));
    const { id } = await files.addPart(projectId, uploadId, content);
    const complete = (): Promise<StoredUpload> =>
      files.bus.call(completeUpload, { context: changeOf(projectId, 'once'), uploadId, partIds: [id] });
    const processing = await complete();
    expect(await complete()).toEqual(processing);
    await ended(uploadId);
    expect(await complete()).toEqual(processing);
    await expectStored(1, content.length);
  });
});

describe('a model that is rejected', () => {
  const entry = { name: 'model.safetensors', content: WEIGHTS };
  it.each<[string, () => Promise<StoredUpload>, RegExp]>([
    [
      'for a file with another SHA-256',
      () =>
        sendDirectory(DIRECTORY, {
          files: manifestOf(DIRECTORY).map((file) => ({ ...file, sha256: '0'.repeat(64) })),
        }),
      /config.json.* its SHA-256 is [0-9a-f]{64}/,
    ],
    ['for files without weights', () => sendDirectory({ 'config.json': CONFIG }), /no GGUF or safetensors file/],
    [
      'for weights that are none',
      () => sendDirectory({ 'config.json': CONFIG, 'model.safetensors': randomBytes(100) }),
      /model.safetensors/,
    ],
    [
      'for a pickle in its archive',
      () => send(gzipSync(tarOf(entry, { name: 'model.pt', content: 'x' }))),
      /model.pt.* no kind/,
    ],
    [
      'for a traversal in its archive',
      () => send(gzipSync(tarOf(entry, { name: '../a.gguf', content: 'x' }))),
      /"\.\."/,
    ],
    ['for a link in its archive', () => send(tarOf(entry, { name: 'a.gguf', type: '2', linkName: '/etc' })), /link/],
    [
      'for an archive that ends too early',
      () => send(gzipSync(tarOf(entry)).subarray(0, -20)),
      /damaged or incomplete/,
    ],
    ['for bzip2 that is called a tar file', () => send(Buffer.from('BZh91AY&SY'.padEnd(600, 'x'))), /bzip2/],
  ])('%s leaves a failed upload, and nothing else', async (_, sending, message) => {
    const upload = await sending();
    expect(await ended(upload.id)).toMatchObject({
      ...{ status: 'failed', error: { code: 'invalid_model', message: expect.stringMatching(message) } },
    });
    await expectStored(0, 0);
    expect(files.versions.has(await versionIdOf(upload.id))).toBe(false);
    await expect(files.bus.call(cancelUpload, { projectId, id: upload.id })).rejects.toMatchObject({
      ...{ code: 'upload.not_pending', details: { status: 'failed' } },
    });
  });

  it('because parts and files do not fit into the storage leaves nothing either', async () => {
    const content = ggufBytes();
    files.quotas.set(projectId, content.length * 2 - 1);
    const upload = await send(content, { filename: 'a.gguf' });
    expect(await ended(upload.id)).toMatchObject({ status: 'failed', error: { code: 'storage_quota_exceeded' } });
    await expectStored(0, 0);
  });

  it('by the catalogue leaves nothing either', async () => {
    files.catalogueError = new AppError('model.version_exists', { model: 'tiny', version: '1.0.0' });
    const upload = await sendDirectory();
    expect(await ended(upload.id)).toMatchObject({ status: 'failed', error: { code: 'version_exists' } });
    await expectStored(0, 0);
  });
});

describe('a check that was stopped from outside', () => {
  /** Kills the processes of checks, until it is aborted or has killed so many. */
  async function killChecks(count: number, signal: AbortSignal): Promise<void> {
    const killed = new Set<number>();
    while (killed.size < count && !signal.aborted) {
      await delay(5);
      const listed = await run('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)]);
      for (const line of listed.stdout.split('\n').filter((args) => args.includes('check-process'))) {
        const pid = Number.parseInt(line, 10);
        if (killed.has(pid)) continue;
        process.kill(pid, 'SIGKILL');
        killed.add(pid);
      }
    }
  }

  it.each([
    ['once is repeated', 1, { status: 'completed' }],
    ['three times fails', 3, { status: 'failed', error: { code: 'invalid_model' } }],
  ])('%s', async (_, count, expected) => {
    const stop = new AbortController();
    const killing = killChecks(count, stop.signal);
    const upload = await sendDirectory();
    expect(await ended(upload.id)).toMatchObject(expected);
    stop.abort();
    await killing;
  });
});

describe('while the catalogue is away', () => {
  it('the upload is processing, cannot be cancelled, and goes on afterwards', async () => {
    files.catalogueError = new AppError('db.unavailable');
    const upload = await sendDirectory();
    await eventually('its parts are removed', async () => (await rowsOf('upload_part')) === 0 || undefined);
    await expect(files.bus.call(cancelUpload, { projectId, id: upload.id })).rejects.toMatchObject({
      ...{ code: 'upload.not_pending', details: { status: 'processing' } },
    });
    expect(await retrieve(upload.id)).toMatchObject({ status: 'processing' });
    files.catalogueError = undefined;
    expect(await ended(upload.id)).toMatchObject({ status: 'completed' });
  });

  it('a version that is deleted before the upload knows of it is complete, without files', async () => {
    files.catalogueError = new AppError('model.version_not_found', { model: 'tiny', version: '1.0.0' });
    const upload = await sendDirectory();
    const completed = await ended(upload.id);
    expect([completed.status, completed.model, completed.error]).toEqual(['completed', undefined, undefined]);
    await expectStored(0, 0);
  });
});

describe('a version that was deleted from the catalogue', () => {
  let removals: DurablePublisher<typeof modelVersionRemoved>;
  beforeAll(async () => {
    const connection = await connectBus({ url: files.servers.nats.url, name: 'router', log: silentLog() });
    removals = new DurablePublisher(connection, modelVersionRemoved, silentLog());
    return () => connection.nats.close();
  });
  afterAll(() => removals.close(5_000));

  it('gives its storage back, however often that is said, and leaves others alone', async () => {
    const [removed, kept] = [await sendDirectory(), await sendDirectory()];
    for (const { id } of [removed, kept]) await ended(id);
    const versionId = await versionIdOf(removed.id);
    for (let times = 0; times < 2; times += 1) removals.publish({ projectId, versionId });
    await expectStored(3, CONFIG.length + WEIGHTS.length);
    removals.publish({ projectId, versionId });
    await expect(files.bus.call(listModelFiles, { projectId, versionId })).rejects.toMatchObject({
      code: 'file.not_found',
    });
    const { files: others } = await files.bus.call(listModelFiles, {
      projectId,
      versionId: await versionIdOf(kept.id),
    });
    expect(others).toHaveLength(3);
    expect(await retrieve(removed.id)).toMatchObject({ status: 'completed' });
  });
});

describe('the sweep of uploads', () => {
  it('deletes completed ones after 30 days, but not their files, and none that are processed', async () => {
    const completed = await sendDirectory();
    await ended(completed.id);
    files.catalogueError = new AppError('db.unavailable');
    const processing = await send(ggufBytes(), { filename: 'a.gguf' });
    await files.database.query(
      `UPDATE files.upload SET expires_at = now() - interval '31 days' WHERE project_id = $1`,
      [projectId],
    );
    const versionId = await versionIdOf(completed.id);
    await files.service.nest.get(UploadsExpiry, { strict: false }).purge();
    await expect(retrieve(completed.id)).rejects.toMatchObject({ code: 'upload.not_found' });
    expect((await files.bus.call(listModelFiles, { projectId, versionId })).files).toHaveLength(3);
    expect(await retrieve(processing.id)).toMatchObject({ status: 'processing' });
    files.catalogueError = undefined;
    expect(await ended(processing.id)).toMatchObject({ status: 'completed' });
  });
});
