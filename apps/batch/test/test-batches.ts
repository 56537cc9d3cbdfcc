/** Batches in a database, for tests of what is in one transaction. */
import { openDatabase } from '@xerotier/db';
import { silentLog } from '@xerotier/log/testing';
import { randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { Batch } from '../src/batches/batch.entity.ts';
import { BatchesRepository } from '../src/batches/batches.repository.ts';
import { database as definition } from '../src/db/database.ts';

export class TestBatches {
  readonly database: DataSource;
  readonly batches: BatchesRepository;
  /** A new one for each test. */
  projectId = '';

  constructor(database: DataSource) {
    this.database = database;
    this.batches = new BatchesRepository(database);
  }

  async newProject(): Promise<void> {
    this.projectId = `proj_${randomBytes(6).toString('hex').toUpperCase()}`;
    await this.database.query(`INSERT INTO batch.data_key (project_id, master_key_id, wrapped) VALUES ($1, 'k', 'x')`, [
      this.projectId,
    ]);
  }

  /** A batch of ten lines that runs. */
  async aBatch(values: Partial<Batch> = {}): Promise<Batch> {
    const { batches, projectId } = this;
    const id = `batch_${randomBytes(12).toString('hex')}`;
    await batches.transaction(projectId, async (manager) => {
      await batches.insert(manager, {
        ...{ projectId, id, keyId: 'key_1', status: 'in_progress', endpoint: '/v1/embeddings', inputFileId: 'file-1' },
        ...{ completionWindow: '24h', linesTotal: 10, expiresAt: new Date(Date.now() + 3_600_000), ...values },
      });
      const chunk = { projectId, batchId: id, startByte: '0', endByte: '100', firstLine: 1, doneLines: 0 };
      await batches.insertChunks(manager, [{ ...chunk, number: 0, lines: 10, done: Buffer.alloc(2) }]);
    });
    return this.claimed(id);
  }

  /** Takes the batch over. */
  async claimed(id: string): Promise<Batch> {
    await this.database.query('UPDATE batch.batch SET lease_until = NULL WHERE id = $1', [id]);
    const batch = await this.batches.claim(this.projectId, id, 10_000);
    if (batch === undefined) throw new Error('Expected a batch');
    return batch;
  }
}

/** Call it at the top of a file; its fields can be used in tests. */
export function testBatches(url: () => string): TestBatches {
  const test = new TestBatches(undefined as never);
  beforeAll(async () => {
    const database = await openDatabase({ ...definition, url: url(), poolMax: 4, log: silentLog() });
    Object.assign(test, new TestBatches(database));
  });
  afterAll(() => test.database.destroy());
  beforeEach(() => test.newProject());
  return test;
}
