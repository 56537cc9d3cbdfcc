import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { listPage, withEveryTenant, withTenant } from '@xerotier/db';
import type { PageRequest } from '@xerotier/db';
import { DataSource, In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { BatchChunk } from './batch-chunk.entity.ts';
import { BatchResult } from './batch-result.entity.ts';
import { Batch } from './batch.entity.ts';

export const UNFINISHED = ['validating', 'in_progress', 'finalizing', 'cancelling'] as const;

/** A paused batch has nothing to do until it expires. */
const NOT_PAUSED = "(paused_at IS NULL OR status <> 'in_progress' OR expires_at <= now())";

/** TypeORM returns the rows and the count of an UPDATE and a DELETE. */
type Updated<Row> = [rows: Row[], count: number];

const COLUMNS = [
  { name: 'created_at', type: 'timestamptz' },
  { name: 'id', type: 'text' },
];

/** Lines that have become done, by the number of their chunk. */
export type DoneLines = ReadonlyMap<number, readonly number[]>;

@Injectable()
export class BatchesRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  transaction<T>(projectId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return withTenant(this.database, projectId, work);
  }

  async insert(manager: EntityManager, batch: Partial<Batch> & Pick<Batch, 'projectId' | 'id'>): Promise<Batch> {
    await manager.insert(Batch, batch);
    return manager.findOneByOrFail(Batch, { projectId: batch.projectId, id: batch.id });
  }

  find(manager: EntityManager, projectId: string, id: string): Promise<Batch | null> {
    return manager.findOneBy(Batch, { projectId, id });
  }

  lock(manager: EntityManager, projectId: string, id: string): Promise<Batch | null> {
    return manager.findOne(Batch, { where: { projectId, id }, lock: { mode: 'pessimistic_write' } });
  }

  async update(
    manager: EntityManager,
    { projectId, id }: Pick<Batch, 'projectId' | 'id'>,
    values: Partial<Batch>,
  ): Promise<void> {
    await manager.update(Batch, { projectId, id }, values);
  }

  list(projectId: string, isDryRun: boolean, page: PageRequest): Promise<{ rows: Batch[]; hasMore: boolean }> {
    const filter = isDryRun ? 'is_dry_run' : 'NOT is_dry_run';
    return withTenant(this.database, projectId, (manager) =>
      listPage(manager.getRepository(Batch), { columns: COLUMNS, projectId, filter }, page),
    );
  }

  /** The oldest batches that are not finished, have something to do, and that nobody works on. */
  listIdle(countMax: number): Promise<Pick<Batch, 'projectId' | 'id'>[]> {
    return withEveryTenant(this.database, (manager) =>
      manager
        .createQueryBuilder(Batch, 'batch')
        .select(['batch.projectId', 'batch.id'])
        .where({ status: In([...UNFINISHED]) })
        .andWhere('(lease_until IS NULL OR lease_until < now())')
        .andWhere(NOT_PAUSED)
        .orderBy('batch.createdAt')
        .take(countMax)
        .getMany(),
    );
  }

  /**
   * Takes an unfinished batch over unless it is paused or another process works on it, by the clock of the database.
   * @returns the batch with its new fence, or undefined.
   */
  claim(projectId: string, id: string, leaseMs: number): Promise<Batch | undefined> {
    return withTenant(this.database, projectId, async (manager) => {
      const [, count] = await manager.query<Updated<unknown>>(
        `UPDATE batch.batch SET fence = fence + 1, lease_until = now() + make_interval(secs => $3)
         WHERE project_id = $1 AND id = $2 AND status = ANY($4) AND (lease_until IS NULL OR lease_until < now())
           AND ${NOT_PAUSED}`,
        [projectId, id, leaseMs / 1_000, UNFINISHED],
      );
      return count === 1 ? manager.findOneByOrFail(Batch, { projectId, id }) : undefined;
    });
  }

  /** Returns whether the process with this fence still has the batch, and then for this long again. */
  async renew({ projectId, id, fence }: Pick<Batch, 'projectId' | 'id' | 'fence'>, leaseMs: number): Promise<boolean> {
    const [, count] = await withTenant(this.database, projectId, (manager) =>
      manager.query<Updated<unknown>>(
        `UPDATE batch.batch SET lease_until = now() + make_interval(secs => $4)
         WHERE project_id = $1 AND id = $2 AND fence = $3`,
        [projectId, id, fence, leaseMs / 1_000],
      ),
    );
    return count === 1;
  }

  /** Lets others take the batch at once. */
  async release({ projectId, id, fence }: Pick<Batch, 'projectId' | 'id' | 'fence'>): Promise<void> {
    await withTenant(this.database, projectId, (manager) =>
      manager.update(Batch, { projectId, id, fence }, { leaseUntil: null }),
    );
  }

  async insertChunks(manager: EntityManager, chunks: readonly BatchChunk[]): Promise<void> {
    await manager.insert(BatchChunk, [...chunks]);
  }

  /** The chunks that have lines left, in the order of the file. */
  openChunks(projectId: string, batchId: string): Promise<BatchChunk[]> {
    return withTenant(this.database, projectId, (manager) =>
      manager
        .createQueryBuilder(BatchChunk, 'chunk')
        .where({ projectId, batchId })
        .andWhere('done_lines < lines')
        .orderBy('chunk.number')
        .getMany(),
    );
  }

  /** @throws {Error} if a line is done already: its result must not be kept twice. */
  async markDone(manager: EntityManager, { projectId, id: batchId }: Batch, done: DoneLines): Promise<void> {
    const numbers = [...done.keys()].toSorted((a, b) => a - b);
    const chunks = await manager.findBy(BatchChunk, { projectId, batchId, number: In(numbers) });
    for (const chunk of chunks) {
      const lines = done.get(chunk.number) ?? [];
      for (const line of lines) {
        const [at, bit] = [line >> 3, 1 << (line & 7)];
        if (((chunk.done[at] ?? 0) & bit) !== 0)
          throw new Error(`Line ${line} of chunk ${chunk.number} is done already`);
        chunk.done[at] = (chunk.done[at] ?? 0) | bit;
      }
      await manager.update(
        BatchChunk,
        { projectId, batchId, number: chunk.number },
        { done: chunk.done, doneLines: chunk.doneLines + lines.length },
      );
    }
  }

  /** Appends lines of results of one kind. */
  async appendResult(
    manager: EntityManager,
    { projectId, id: batchId }: Batch,
    { kind, lines }: Pick<BatchResult, 'kind' | 'lines'>,
    seal: (position: number) => Buffer,
  ): Promise<void> {
    const [row] = await manager.query<{ position: number; firstLine: number }[]>(
      `SELECT position + 1 AS position, first_line + lines AS "firstLine" FROM batch.batch_result
       WHERE project_id = $1 AND batch_id = $2 AND kind = $3 ORDER BY position DESC LIMIT 1`,
      [projectId, batchId, kind],
    );
    const { position, firstLine } = row ?? { position: 0, firstLine: 0 };
    const content = seal(position);
    await manager.insert(BatchResult, { projectId, batchId, kind, position, firstLine, lines, content });
  }

  /** The result of a kind that has this line, counted from 0. */
  async resultWithLine(
    { projectId, id: batchId }: Batch,
    kind: BatchResult['kind'],
    line: number,
  ): Promise<BatchResult | null> {
    const found = await withTenant(this.database, projectId, (manager) =>
      manager
        .createQueryBuilder(BatchResult, 'result')
        .where({ projectId, batchId, kind })
        .andWhere('first_line <= :line AND lines > 0', { line })
        // So that the index of lines is used, whatever the number of results.
        .orderBy('result.firstLine', 'DESC')
        .limit(1)
        .getOne(),
    );
    return found !== null && line < found.firstLine + found.lines ? found : null;
  }

  /** The next result of a kind, from this position. */
  result(projectId: string, batchId: string, kind: BatchResult['kind'], position: number): Promise<BatchResult | null> {
    return withTenant(this.database, projectId, (manager) =>
      manager.findOneBy(BatchResult, { projectId, batchId, kind, position }),
    );
  }

  /** Deletes dry runs of more than a day ago, and returns how many. */
  async deleteDryRuns(countMax: number): Promise<number> {
    const [, count] = await withEveryTenant(this.database, (manager) =>
      manager.query<Updated<unknown>>(
        `DELETE FROM batch.batch WHERE (project_id, id) IN (
           SELECT project_id, id FROM batch.batch WHERE is_dry_run AND created_at < now() - interval '1 day'
           ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
        [countMax],
      ),
    );
    return count;
  }

  async deleteWork(manager: EntityManager, { projectId, id: batchId }: Batch): Promise<void> {
    await manager.delete(BatchResult, { projectId, batchId });
    await manager.delete(BatchChunk, { projectId, batchId });
  }
}
