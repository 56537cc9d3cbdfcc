import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Logger } from '@xerotier/log';

const INTERVAL_MS = 10 * 60 * 1_000;
const BATCH_MAX = 1_000;

/** Deletes at most so many rows in one transaction, and returns how many it has deleted. */
export type DeleteBatch = (batchMax: number) => Promise<number>;

/** Deletes rows that are no longer needed, every ten minutes by default, in transactions of at most 1,000 rows. */
export abstract class PeriodicPurge implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #rows: string;
  readonly #log: Logger;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #purging: Promise<void> = Promise.resolve();
  #isPurging = false;
  #isStopping = false;

  /** @param rows what it deletes, for the log. */
  constructor(rows: string, log: Logger, intervalMs = INTERVAL_MS) {
    this.#rows = rows;
    this.#log = log;
    this.#intervalMs = intervalMs;
  }

  /**
   * One for each kind of rows, or for each owner of rows. Replicas run at the same time: they must not wait for the rows of each
   * other.
   */
  protected abstract batches(): Iterable<DeleteBatch> | AsyncIterable<DeleteBatch>;

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => this.#start(), this.#intervalMs).unref();
  }

  /** While connections are still open. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    this.#isStopping = true;
    await this.#purging;
  }

  /**
   * Ends after the current transaction when the service stops.
   * @param batchMax maximum number of rows per transaction.
   * @returns how many rows were deleted.
   * @throws {AppError} `db.unavailable`.
   */
  async purge(batchMax = BATCH_MAX): Promise<number> {
    let total = 0;
    for await (const deleteBatch of this.batches()) {
      if (this.#isStopping) break;
      let purged = batchMax;
      while (purged === batchMax && !this.#isStopping) {
        purged = await deleteBatch(batchMax);
        total += purged;
      }
    }
    return total;
  }

  #start(): void {
    // It may take longer than the interval.
    if (this.#isPurging) return;
    this.#isPurging = true;
    this.#purging = this.purge()
      .then(
        () => undefined,
        (error: unknown) => this.#log.warn('purge failed, retrying', { rows: this.#rows, error }),
      )
      .finally(() => (this.#isPurging = false));
  }
}
