/** Models that projects upload: through the public API into the catalogue, whatever is killed meanwhile. */
import { scriptedPlatform } from '@xerotier/dev';
import { createClient } from '@xerotier/public-api/client';
import { deleteModelVersion } from '@xerotier/public-api/model-catalogue';
import { getModelPreflight, preflightModel } from '@xerotier/public-api/model-preflight';
import { safetensorsBytes, tarOf } from '@xerotier/model-files/testing';
import { eventually } from '@xerotier/testing';
import { createHash, randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import pg from 'pg';
import { AdditionalProcess, stopAdditionalProcesses } from './support/additional-process.ts';
import { isChaos } from './support/chaos.ts';
import { ModelUploadClient } from './support/model-upload-client.ts';
import type { NewModel, PublicUpload } from './support/model-upload-client.ts';
import { errorOf } from './support/site-visitor.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const PART_BYTES = 512 * 1_024;
const KILLS = isChaos ? 20 : 2;
const CONFIG = Buffer.from(JSON.stringify({ architectures: ['LlamaForCausalLM'] }));
const DIRECTORY = { 'config.json': CONFIG, 'model.safetensors': safetensorsBytes() };
const BUNDLED = new URL('../tools/bundled-models/models/xero-tiny.gguf', import.meta.url);

const test = dedicatedPlatform(() => scriptedPlatform({ slots: 4 }));
const uploads = (): ModelUploadClient => new ModelUploadClient(test.description);

let database: pg.Client;
let gguf: Buffer;
beforeAll(async () => {
  gguf = await readFile(BUNDLED);
  database = new pg.Client({ connectionString: test.description.databaseUrl });
  await database.connect();
});
afterAll(() => database.end());
afterEach(stopAdditionalProcesses);

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

const archive = (name: string, bytes: number, more: Partial<NewModel> = {}): NewModel => ({
  ...{ filename: `${name}.tar.gz`, mime_type: 'application/gzip', bytes, model: { name }, ...more },
});

const directory = (name: string, files: Readonly<Record<string, Buffer>> = DIRECTORY): NewModel => ({
  ...{ filename: name, mime_type: 'application/octet-stream', model: { name } },
  bytes: Object.values(files).reduce((sum, { length }) => sum + length, 0),
  files: Object.entries(files).map(([path, content]) => ({ path, bytes: content.length, sha256: sha256(content) })),
});

const joined = (files: Readonly<Record<string, Buffer>> = DIRECTORY): Buffer => Buffer.concat(Object.values(files));

/** The files of all versions of a model, as the catalogue and the files service have them. */
async function filesOf(name: string): Promise<{ version: string; path: string; bytes: string; sha256: string }[]> {
  const { rows } = await database.query<{ version: string; path: string; bytes: string; sha256: string }>(
    `SELECT version.version, path, file.bytes, encode(sha256, 'hex') AS sha256
     FROM router.uploaded_model AS model
     JOIN router.model_version AS version ON version.model_id = model.id
     LEFT JOIN files.model_file AS file ON file.version_id = version.id
     WHERE model.name = $1 ORDER BY 1, 2`,
    [name],
  );
  return rows;
}

/** What the project has stored that is no file of a version. */
async function remains(): Promise<object> {
  const { rows } = await database.query<{ parts: string; unfinished: string; blobs: string; charged: string }>(`
    SELECT (SELECT count(*) FROM files.upload_part) AS parts,
      (SELECT count(*) FROM files.blob WHERE state <> 'stored') AS unfinished,
      (SELECT count(*) FROM files.blob WHERE id NOT IN (SELECT blob_id FROM files.model_file)) AS blobs,
      (SELECT coalesce(sum(bytes), 0) FROM files.project_storage)
        - (SELECT coalesce(sum(bytes), 0) FROM files.model_file) AS charged`);
  return rows[0] ?? {};
}

const expectNoRemains = (): Promise<unknown> =>
  eventually('nothing else is stored', async () => {
    expect(await remains()).toEqual({ parts: '0', unfinished: '0', blobs: '0', charged: '0' });
    return true;
  });

describe('a model', () => {
  it('as a tar.gz becomes a version of the catalogue', async () => {
    const content = gzipSync(tarOf({ name: './', type: '5' }, { name: './tiny.gguf', content: gguf }));
    const created = await uploads().create(archive('packed', content.length));
    expect(created).toMatchObject({ object: 'upload', status: 'pending', purpose: 'model' });
    expect(created.expires_at).toBe(created.created_at + 86_400);
    await uploads().sendRest(created.id, content, PART_BYTES);
    expect((await uploads().complete(created.id, content, PART_BYTES)).status).toBe('processing');
    expect(await uploads().ended(created.id)).toMatchObject({
      ...{ status: 'completed', model: { id: expect.stringMatching(/^model_/), version: '1.0.0' } },
    });
    expect(await filesOf('packed')).toEqual([
      { version: '1.0.0', path: 'tiny.gguf', bytes: String(gguf.length), sha256: sha256(gguf) },
    ]);
    await expectNoRemains();
  });

  it('as a directory becomes a version, and the next one another', async () => {
    for (const version of ['1.0.0', '1.0.1']) {
      const { id } = await uploads().upload(directory('acme/folder'), joined(), 200);
      expect(await uploads().ended(id)).toMatchObject({ status: 'completed', model: { version } });
    }
    const files = await filesOf('acme/folder');
    expect(files.map(({ version, path }) => `${version} ${path}`)).toEqual([
      '1.0.0 config.json',
      '1.0.0 model.safetensors',
      '1.0.1 config.json',
      '1.0.1 model.safetensors',
    ]);
    expect(files[1]?.sha256).toBe(sha256(DIRECTORY['model.safetensors']));
    await expectNoRemains();
  });

  it('of the bundled model says what memory it takes, before and after', async () => {
    const { projectUrl, apiKey } = test.description;
    const client = createClient({ baseUrl: projectUrl, apiKey });
    const metadata = {
      ...{ 'general.architecture': 'llama', 'general.file_type': 7, 'llama.block_count': 5, 'llama.vocab_size': 2_048 },
      ...{ 'llama.embedding_length': 256, 'llama.feed_forward_length': 640, 'llama.attention.head_count': 8 },
    };
    const gpus = [{ memory_bytes: 8 * 2 ** 30 }];
    const before = await client.call(preflightModel, { body: { gguf: metadata, context_tokens: 2_048, gpus } });

    const { id } = await uploads().upload(directory('fits', { 'a.gguf': gguf }), gguf);
    const { model } = await uploads().ended(id);
    const query = { context_tokens: '2048', gpu_memory_bytes: String(8 * 2 ** 30) };
    const after = await client.call(getModelPreflight, { params: { model_id: model?.id ?? '' }, query });
    expect(after).toMatchObject({ kind: 'decoder', weight_source: 'tensors', parameters: 4_295_424, warnings: [] });
    expect(after.kv_cache).toEqual(before.kv_cache);
    expect(after.gpus).toMatchObject([{ fits: true, max_context_tokens: 2_048 }]);
    // The output uses the matrix of the input, an eighth of so small a model, which the metadata do not say.
    const [estimate = 0, exact = 0] = [before, after].map(({ required }) => required?.weight_bytes);
    expect(Math.abs(estimate / exact - 1)).toBeLessThan(0.15);
  });

  it('gives the storage of a version back when that is deleted from the catalogue', async () => {
    const completed: PublicUpload[] = [];
    for (let version = 0; version < 2; version += 1)
      completed.push(await uploads().ended((await uploads().upload(directory('deleted'), joined())).id));
    const { projectUrl, managementKey } = test.description;
    const { id = '', version = '' } = completed[0]?.model ?? {};
    const params = { model_id: id, version };
    await createClient({ baseUrl: projectUrl, apiKey: managementKey }).call(deleteModelVersion, { params });
    await eventually('no file without a version is left', async () => {
      const { rows } = await database.query(
        'SELECT FROM files.model_file WHERE version_id NOT IN (SELECT id FROM router.model_version)',
      );
      return rows.length === 0 || undefined;
    });
    await expectNoRemains();
    expect((await filesOf('deleted')).map((file) => file.version)).toEqual(['1.0.1', '1.0.1']);
  });

  it('with a version that exists fails at its end, and leaves nothing', async () => {
    const version = { name: 'twice', version: '1.0.0' };
    const first = await uploads().upload({ ...directory('twice'), model: version }, joined());
    expect(await uploads().ended(first.id)).toMatchObject({ status: 'completed' });
    const second = await uploads().upload({ ...directory('twice'), model: version }, joined());
    expect(await uploads().ended(second.id)).toMatchObject({ status: 'failed', error: { code: 'version_exists' } });
    expect(await filesOf('twice')).toHaveLength(2);
    await expectNoRemains();
  });

  it('may have parts of 100 MiB', async () => {
    const content = Buffer.alloc(100 * 1_024 ** 2);
    const { id } = await uploads().create(archive('large', content.length));
    expect((await uploads().sendPart(id, content, sha256(content))).status).toBe(200);
    await uploads().cancel(id);
    await expectNoRemains();
  });

  it('can be cancelled before it is complete', async () => {
    const { id } = await uploads().create(directory('cancelled'));
    await uploads().sendRest(id, joined(), 100);
    expect(await uploads().cancel(id)).toMatchObject({ status: 'cancelled' });
    await expectNoRemains();
  });
});

describe('what is not a model', () => {
  const small = safetensorsBytes();
  const rejected = (more: Partial<NewModel>): Promise<[number, string, string | null]> =>
    uploads().rejection({ ...archive('rejected', 10), ...more });

  it.each<[string, Partial<NewModel>, string, string | null]>([
    ['without its name', { model: undefined }, 'invalid_request', 'model'],
    ['with an invalid name', { model: { name: '../x' } }, 'invalid_request', 'model.name'],
    ['with an invalid version', { model: { name: 'x', version: 'one' } }, 'invalid_request', 'model.version'],
    ['as a tar.bz2', { filename: 'm.tar.bz2', mime_type: 'application/x-bzip2' }, 'invalid_request', 'mime_type'],
    ['with an expiry', { expires_after: { anchor: 'created_at', seconds: 3_600 } }, 'invalid_request', 'expires_after'],
    ['with a path', { relative_path: 'a/b' }, 'invalid_request', 'relative_path'],
    ['with another size than its files', { files: [{ path: 'a.gguf', bytes: 9 }] }, 'invalid_request', 'files'],
    ['with a traversal', { files: [{ path: '../a.gguf', bytes: 10 }] }, 'invalid_model', 'files[0].path'],
    ['with a pickle', { files: [{ path: 'model.pt', bytes: 10 }] }, 'invalid_model', 'files[0].path'],
    ['that is a file for something else', { purpose: 'batch' }, 'invalid_request', 'model'],
  ])('is rejected at once %s', async (_, more, code, param) => {
    expect(await rejected(more)).toEqual([400, code, param]);
  });

  it.each<[string, () => Buffer, RegExp]>([
    [
      'with a pickle',
      () => tarOf({ name: 'model.safetensors', content: small }, { name: 'model.pkl', content: 'x' }),
      /model\.pkl/,
    ],
    ['with a traversal', () => tarOf({ name: '../../model.safetensors', content: small }), /"\.\."/],
    ['with code in its configuration', () => tarOf({ name: 'config.json', content: '{"auto_map":{}}' }), /./],
  ])('fails after its archive was read %s', async (_, tar, message) => {
    const content = gzipSync(tar());
    const { id } = await uploads().upload(archive('rejected', content.length), content);
    expect(await uploads().ended(id)).toMatchObject({
      ...{ status: 'failed', error: { code: 'invalid_model', message: expect.stringMatching(message) } },
    });
    expect(await filesOf('rejected')).toEqual([]);
    await expectNoRemains();
  });

  it('fails for a file with another SHA-256 than that of the manifest', async () => {
    const request = directory('rejected');
    const files = request.files?.map((file) => ({ ...file, sha256: '0'.repeat(64) })) ?? [];
    const { id } = await uploads().upload({ ...request, files }, joined());
    expect(await uploads().ended(id)).toMatchObject({ status: 'failed', error: { code: 'invalid_model' } });
    await expectNoRemains();
  });

  it('is not stored in parts with another SHA-256, or above 100 MiB', async () => {
    const { id } = await uploads().create(directory('parts'));
    expect(await errorOf(uploads().sendPart(id, joined(), '0'.repeat(64)))).toEqual([400, 'invalid_request']);
    expect(await errorOf(uploads().sendPart(id, Buffer.alloc(101 * 1_024 ** 2)))).toEqual([413, 'file_too_large']);
    expect(await uploads().partsOf(id)).toEqual([]);
    await uploads().cancel(id);
    await expectNoRemains();
  });
});

describe('a project with little storage', () => {
  const service = (): ReturnType<typeof test.platform.service> => test.platform.service('files');
  /** The service knows a quota for half a minute. */
  const setQuota = async (bytes: number | null): Promise<void> => {
    await database.query('UPDATE auth.tier SET storage_bytes_max = $1', [bytes]);
    await service().kill('SIGTERM');
    await service().start();
  };
  afterEach(() => setQuota(null));

  it('cannot begin an upload that is larger, and one that does not fit twice fails', async () => {
    const { rows } = await database.query<{ bytes: string }>('SELECT sum(bytes) AS bytes FROM files.project_storage');
    await setQuota(Number(rows[0]?.bytes) + gguf.length * 2 - 1);
    const request = directory('large', { 'a.gguf': gguf });
    const rejection = await uploads().rejection(archive('large', gguf.length * 2));
    expect(rejection).toEqual([403, 'storage_quota_exceeded', null]);
    const { id } = await uploads().upload(request, gguf);
    expect(await uploads().ended(id)).toMatchObject({ status: 'failed', error: { code: 'storage_quota_exceeded' } });
    await expectNoRemains();
  });
});

it(`is uploaded whole though the files service is killed ${KILLS} times while parts arrive, and while it is processed`, async () => {
  const service = test.platform.service('files');
  const kill = async (): Promise<void> => {
    await service.kill('SIGKILL');
    await service.start();
  };
  const files = { 'a.gguf': gguf };
  const { id } = await uploads().create(directory('killed', files));
  let kills = 0;
  const sending = eventually(
    'all parts have arrived',
    async () => {
      // As a client that was interrupted: what has arrived is not sent again.
      await uploads().sendRest(id, gguf, 256 * 1_024);
      return kills >= KILLS || undefined;
    },
    120_000,
  );
  for (; kills < KILLS; kills += 1) {
    await delay(randomInt(20, 200));
    await kill();
  }
  await sending;
  expect((await uploads().partsOf(id)).reduce((sum, { x_bytes }) => sum + x_bytes, 0)).toBe(gguf.length);

  await eventually('it is completed', () => uploads().complete(id, gguf, 256 * 1_024));
  for (let killed = 0; killed < KILLS; killed += 1) {
    await delay(randomInt(0, 300));
    await kill();
  }
  expect(await uploads().ended(id, 120_000)).toMatchObject({ status: 'completed', model: { version: '1.0.0' } });
  expect(await filesOf('killed')).toEqual([
    { version: '1.0.0', path: 'a.gguf', bytes: String(gguf.length), sha256: sha256(gguf) },
  ]);
  // What a killed process has left of a part is removed after five minutes without a sign of life.
  await database.query(`UPDATE files.blob SET touched_at = now() - interval '1 hour' WHERE state <> 'stored'`);
  await AdditionalProcess.start(service, { FILES_RECONCILE_SECONDS: '1' });
  await expectNoRemains();
}, 300_000);
