import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withDbErrors } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { DataSource } from 'typeorm';
import { ATTEMPT_RETENTION_SECONDS } from '../attempts/attempts.ts';

const INTERVAL_MS = 10 * 60 * 1_000;
const BATCH_MAX = 1_000;
/** How long ended sessions remain in the database, to investigate an abuse. */
const ENDED_SESSION_DAYS = 30;

/** Replicas share the rows. */
const PURGES = [
  `DELETE FROM auth.account_attempt WHERE id IN (
     SELECT id FROM auth.account_attempt WHERE created_at < now() - make_interval(secs => ${ATTEMPT_RETENTION_SECONDS})
     ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
  `DELETE FROM auth.session WHERE id IN (
     SELECT id FROM auth.session WHERE expires_at < now() - make_interval(days => ${ENDED_SESSION_DAYS})
     ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
] as const;

/** Deletes old attempts, and sessions that ended long ago, every ten minutes, in transactions of at most 1,000 rows. */
@Injectable()
export class AccountsPurge implements OnApplicationBootstrap, OnModuleDestroy {
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
   * @returns how many rows were deleted.
   * @throws {AppError} `db.unavailable`.
   */
  async purge(batchMax = BATCH_MAX): Promise<number> {
    let total = 0;
    for (const statement of PURGES) {
      let purged = batchMax;
      while (purged === batchMax && !this.#isStopping) {
        // TypeORM returns the rows and the count of a DELETE.
        [, purged] = await withDbErrors(() => this.database.query<[unknown[], number]>(statement, [batchMax]));
        total += purged;
      }
    }
    return total;
  }

  #start(): void {
    this.#purging = this.purge().then(
      () => undefined,
      (error: unknown) => this.log.warn('accounts purge failed, retrying', { error }),
    );
  }
}
