import { openDatabase } from '@xerotier/db';
import { silentLog } from '@xerotier/log/testing';
import { testServers } from '@xerotier/testing';
import { randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { database as definition } from '../db/database.ts';
import type { Batch } from './batch.entity.ts';
import { BatchesRepository } from './batches.repository.ts';

const HOUR_MS = 3_600_000;
const servers = testServers('postgres');
let database: DataSource;
let sut: BatchesRepository;
let projectId: string;

beforeAll(async () => {
  database = await openDatabase({ ...definition, url: servers.postgres.url, poolMax: 4, log: silentLog() });
  sut = new BatchesRepository(database);
});
afterAll(() => database.destroy());
beforeEach(async () => {
  projectId = `proj_${randomBytes(6).toString('hex').toUpperCase()}`;
  await database.query(`INSERT INTO batch.data_key (project_id, master_key_id, wrapped) VALUES ($1, 'k', 'x')`, [
    projectId,
  ]);
});

async function aBatch(values: Partial<Batch>): Promise<string> {
  const id = `batch_${randomBytes(12).toString('hex')}`;
  await sut.transaction(projectId, (manager) =>
    sut.insert(manager, {
      ...{ projectId, id, keyId: 'key_1', status: 'in_progress', endpoint: '/v1/embeddings', inputFileId: 'file-1' },
      ...{ completionWindow: '24h', expiresAt: new Date(Date.now() + HOUR_MS), ...values },
    }),
  );
  return id;
}

const paused = { pausedAt: new Date() };

describe('work on a batch', () => {
  it.each<[string, boolean, Partial<Batch>]>([
    ['runs', true, {}],
    ['is paused', false, paused],
    ['is paused before it is validated', true, { ...paused, status: 'validating' }],
    ['is paused at the end of its window', true, { ...paused, expiresAt: new Date(Date.now() - 1) }],
    ['has ended', false, { status: 'completed' }],
    ['has a process that works on it', false, { leaseUntil: new Date(Date.now() + HOUR_MS) }],
    ['has a process that was killed', true, { leaseUntil: new Date(Date.now() - 1) }],
  ])('that %s is to be done: %s', async (_, hasWork, values) => {
    const id = await aBatch(values);
    const idle = await sut.listIdle(10_000);
    expect(idle.some((batch) => batch.id === id)).toBe(hasWork);
    const claimed = await sut.claim(projectId, id, 10_000);
    expect(claimed?.fence).toBe(hasWork ? 1 : undefined);
  });
});

describe('dry runs', () => {
  it('are deleted after a day, and batches are not', async () => {
    const yesterday = new Date(Date.now() - 25 * HOUR_MS);
    const old = await aBatch({ isDryRun: true, createdAt: yesterday });
    const kept = [await aBatch({ isDryRun: true }), await aBatch({ createdAt: yesterday })];
    expect(await sut.deleteDryRuns(1_000)).toBeGreaterThanOrEqual(1);
    const left = [];
    for (const id of [old, ...kept])
      left.push(await sut.transaction(projectId, (manager) => sut.find(manager, projectId, id)));
    expect(left.map((batch) => batch?.id)).toEqual([undefined, ...kept]);
  });

  it('are a list of their own', async () => {
    const [batch, dryRun] = [await aBatch({}), await aBatch({ isDryRun: true })];
    const page = { limit: 20, order: 'desc' } as const;
    const [batches, dryRuns] = [await sut.list(projectId, false, page), await sut.list(projectId, true, page)];
    expect([batches.rows, dryRuns.rows].map((rows) => rows.map(({ id }) => id))).toEqual([[batch], [dryRun]]);
  });
});
