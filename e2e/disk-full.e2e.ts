/**
 * A full disk is an error that says so, loses nothing, and is over when there is room (DUR-4 of docs/reliability.md): the folder of the
 * files service, and then that of PostgreSQL, is a small file system of its own. `npm run test:chaos` fills them more often.
 */
import { scriptedPlatform } from '@xerotier/dev';
import { eventually } from '@xerotier/testing';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { toFile } from 'openai';
import { AdditionalProcess, stopAdditionalProcesses } from './support/additional-process.ts';
import { chatLine } from './support/batch-client.ts';
import { BatchRuns } from './support/batch-runs.ts';
import { isChaos } from './support/chaos.ts';
import { fileForm } from './support/file-operations.ts';
import { PostgresOnSmallDisk } from './support/postgres-on-small-disk.ts';
import { errorOf } from './support/site-visitor.ts';
import { fillDisk, onSmallDisk, whyNoSmallDisk } from './support/small-disk.ts';
import { StoredFiles } from './support/stored-files.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const DISK_MB = 8;
const ROUNDS = isChaos ? 10 : 1;
const PART_BYTES = 100_000;

const test = dedicatedPlatform(() => ({
  ...scriptedPlatform({ slots: 16 }),
  env: { FILES_RECONCILE_SECONDS: '1' },
}));
const runs = new BatchRuns(test);

const reason = whyNoSmallDisk();
if (reason !== undefined) process.stdout.write(`disk-full: skipped, because ${reason}\n`);
const itOnSmallDisk = reason === undefined ? it : it.skip; // reason: not every machine lets processes mount file systems

const client = (): OpenAI =>
  new OpenAI({ baseURL: test.description.projectUrl, apiKey: test.description.apiKey, maxRetries: 0 });

let folder = '';
let service: AdditionalProcess;
let postgres: PostgresOnSmallDisk | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xerotier-disk-'));
  if (reason !== undefined) return;
  const files = test.platform.service('files');
  await files.stop();
  service = await AdditionalProcess.start(files, { FILES_DIRECTORY: folder }, onSmallDisk(folder, DISK_MB));
  await eventually('the service responds', () =>
    client()
      .files.list()
      .catch(() => undefined),
  );
});
afterAll(async () => {
  stopAdditionalProcesses();
  postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

const part = (): Promise<File> => toFile(randomBytes(PART_BYTES), 'part');

async function expectNoRoom(uploadId: string): Promise<void> {
  const headers = { authorization: `Bearer ${test.description.apiKey}` };
  const create = fetch(`${test.description.projectUrl}/files`, {
    ...{ method: 'POST', headers },
    body: fileForm({}, 'x'.repeat(1_000_000)),
  });
  expect(await errorOf(create)).toEqual([503, 'storage_unavailable']);
  await expect(client().uploads.parts.create(uploadId, { data: await part() })).rejects.toMatchObject({
    ...{ status: 503, code: 'storage_unavailable' },
  });
}

itOnSmallDisk(
  'of the files service: 503 with a code, nothing lost, batches end when there is room',
  async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const content = randomBytes(PART_BYTES);
      const { id: fileId } = await client().files.create({ file: await toFile(content, 'before'), purpose: 'evals' });
      const upload = await client().uploads.create({
        ...{ filename: 'parts', purpose: 'user_data', mime_type: 'text/plain', bytes: 2 * PART_BYTES },
      });
      const first = await client().uploads.parts.create(upload.id, { data: await part() });
      const batch = await runs.begin(`full-${round}`, { count: 60 });

      const free = fillDisk(service.pid, folder);
      await expectNoRoom(upload.id);
      // What is there is read, and the rest of the platform does not notice.
      expect(Buffer.from(await (await client().files.content(fileId)).arrayBuffer()).equals(content)).toBe(true);
      await test.ready();
      await eventually('the lines of the batch are done', async () => {
        const { status } = await client().batches.retrieve(batch.id);
        return status === 'finalizing';
      });
      await expectNoRoom(upload.id);
      expect((await client().batches.retrieve(batch.id)).status).toBe('finalizing');

      free();
      const second = await client().uploads.parts.create(upload.id, { data: await part() });
      const { file } = await client().uploads.complete(upload.id, { part_ids: [first.id, second.id] });
      expect(file?.bytes).toBe(2 * PART_BYTES);
      await runs.expectComplete();
    }
    const stored = new StoredFiles(test.description.databaseUrl, join(`/proc/${service.pid}/root`, folder));
    expect(await stored.settled()).toEqual({
      ...{ orphanObjects: [], unfinished: [], missingObjects: [] },
      ...{ unfinishedRows: [], orphanRows: [], misaccounted: [] },
    });
  },
  600_000,
);

const fromFile = (inputFileId: string): OpenAI.Batches.BatchCreateParams => ({
  ...{ input_file_id: inputFileId, endpoint: '/v1/chat/completions', completion_window: '24h' },
});

/** Whose row needs room: text that cannot be compressed. */
const metadata = (): Record<string, string> =>
  Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`key-${at}`, randomBytes(256).toString('hex')]));

itOnSmallDisk(
  'of PostgreSQL: 503 with a code, nothing that was acknowledged is lost, batches end when there is room',
  async () => {
    const server = test.platform.servers.started.postgres;
    if (server === undefined) throw new Error('PostgreSQL was not started by the test');
    postgres = await PostgresOnSmallDisk.start(server);
    await test.ready();
    for (let round = 0; round < ROUNDS; round += 1) {
      const running = await runs.begin(`running-${round}`, { count: 300 });
      await runs.progress(running, 10);
      const customId = `during-${round}`;
      const inputFileId = await runs.client.upload(chatLine(customId));
      const create = (key: string): Promise<OpenAI.Batches.Batch> =>
        client().batches.create(
          { ...fromFile(inputFileId), metadata: metadata() },
          { headers: { 'Idempotency-Key': key } },
        );

      const free = postgres.fill();
      let key = randomUUID();
      const rejected = await eventually(
        'a batch is rejected',
        async () => {
          try {
            runs.add({ id: (await create(key)).id, customIds: [customId] });
            key = randomUUID();
            return undefined;
          } catch (error) {
            return error;
          }
        },
        120_000,
      );
      expect(rejected).toMatchObject({ status: 503, code: expect.any(String) });

      free();
      const repeated = await eventually('it is accepted', () => create(key).catch(() => undefined), 120_000);
      runs.add({ id: repeated.id, customIds: [customId] });
      await runs.expectComplete();
    }
    expect(await readFile(server.logPath, 'utf8')).toContain('No space left on device');
    process.stdout.write(`disk-full: PostgreSQL was restarted ${postgres.restarts} times\n`);
  },
  1_200_000,
);
