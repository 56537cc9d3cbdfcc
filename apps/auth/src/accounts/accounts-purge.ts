import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withDbErrors } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { PeriodicPurge } from '@xerotier/service-host/database';
import type { DeleteBatch } from '@xerotier/service-host/database';
import { DataSource } from 'typeorm';
import { ATTEMPT_RETENTION_SECONDS } from '../attempts/attempts.ts';

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
  `DELETE FROM auth.one_time_token WHERE hash IN (
     SELECT hash FROM auth.one_time_token WHERE expires_at < now()
     ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
] as const;

/** Deletes old attempts, expired one-time tokens, and sessions that ended long ago. */
@Injectable()
export class AccountsPurge extends PeriodicPurge {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(LOGGER) log: Logger,
  ) {
    super('attempts, tokens and sessions', log);
  }

  protected override batches(): readonly DeleteBatch[] {
    return PURGES.map((statement) => async (batchMax) => {
      // TypeORM returns the rows and the count of a DELETE.
      const [, purged] = await withDbErrors(() => this.database.query<[unknown[], number]>(statement, [batchMax]));
      return purged;
    });
  }
}
