import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withEveryTenant } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { DataSource } from 'typeorm';
import { IDEMPOTENCY_KEY_RETENTION } from './idempotency-keys.ts';

const INTERVAL_MS = 10 * 60 * 1_000;
const BATCH_MAX = 1_000;

/** Replicas share the rows, and do not wait for a request that claims an expired key again. */
const PURGE = `
  WITH expired AS (
    SELECT project_id, key FROM auth.idempotency_key
    WHERE created_at < now() - interval '${IDEMPOTENCY_KEY_RETENTION}'
    ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED
  ), purged AS (
    DELETE FROM auth.idempotency_key USING expired
    WHERE idempotency_key.project_id = expired.project_id AND idempotency_key.key = expired.key
    RETURNING 1
  )
  SELECT count(*) AS purged FROM purged`;

/** Deletes expired idempotency keys, every ten minutes, in transactions of at most 1,000 rows. */
@Injectable()
export class IdempotencyKeysPurge implements OnApplicationBootstrap, OnModuleDestroy {
  #timer: NodeJS.Timeout | undefined;
  #purging: Promise<void> = Promise.resolve();
  #isStopping = false;

  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => this.#start(), INTERVAL_MS).unref();
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
   * @returns how many keys were deleted.
   * @throws {AppError} `db.unavailable`.
   */
  async purge(batchMax = BATCH_MAX): Promise<number> {
    let total = 0;
    let purged = batchMax;
    while (purged === batchMax && !this.#isStopping) {
      const [row] = await withEveryTenant(this.database, (manager) =>
        manager.query<{ purged: string }[]>(PURGE, [batchMax]),
      );
      purged = Number(row?.purged);
      total += purged;
    }
    return total;
  }

  #start(): void {
    this.#purging = this.purge().then(
      () => undefined,
      (error: unknown) => this.log.warn('idempotency keys purge failed, retrying', { error }),
    );
  }
}
