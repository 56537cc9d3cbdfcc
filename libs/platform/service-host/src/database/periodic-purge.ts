import type { Logger } from '@xerotier/log';
import { PeriodicTask } from '../periodic-task.ts';

const INTERVAL_MS = 10 * 60 * 1_000;
const BATCH_MAX = 1_000;

/** Deletes at most so many rows in one transaction, and returns how many it has deleted. */
export type DeleteBatch = (batchMax: number) => Promise<number>;

/** Deletes rows that are no longer needed, every ten minutes by default, in transactions of at most 1,000 rows. */
export abstract class PeriodicPurge extends PeriodicTask {
  /** @param rows what it deletes, for the log. */
  constructor(rows: string, log: Logger, intervalMs = INTERVAL_MS) {
    super({ intervalMs, failure: 'purge failed, retrying', fields: { rows }, log });
  }

  /**
   * One for each kind of rows, or for each owner of rows. Replicas run at the same time: they must not wait for the rows of each
   * other.
   */
  protected abstract batches(): Iterable<DeleteBatch> | AsyncIterable<DeleteBatch>;

  /**
   * Ends after the current transaction when the service stops.
   * @param batchMax maximum number of rows per transaction.
   * @returns how many rows were deleted.
   * @throws {AppError} `db.unavailable`.
   */
  async purge(batchMax = BATCH_MAX): Promise<number> {
    let total = 0;
    for await (const deleteBatch of this.batches()) {
      if (this.isStopping) break;
      let purged = batchMax;
      while (purged === batchMax && !this.isStopping) {
        purged = await deleteBatch(batchMax);
        total += purged;
      }
    }
    return total;
  }

  protected override run(): Promise<number> {
    return this.purge();
  }
}
