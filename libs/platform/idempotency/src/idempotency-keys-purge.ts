import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withEveryTenant } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { PeriodicPurge } from '@xerotier/service-host/database';
import type { DeleteBatch } from '@xerotier/service-host/database';
import { DataSource } from 'typeorm';
import { IDEMPOTENCY_KEY_RETENTION, tableOf } from './idempotency-keys.ts';

/** Replicas share the rows, and do not wait for a request that claims an expired key again. */
const purgeOf = (table: string): string => `
  WITH expired AS (
    SELECT project_id, key FROM ${table}
    WHERE created_at < now() - interval '${IDEMPOTENCY_KEY_RETENTION}'
    ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED
  ), purged AS (
    DELETE FROM ${table} AS stored USING expired
    WHERE stored.project_id = expired.project_id AND stored.key = expired.key
    RETURNING 1
  )
  SELECT count(*) AS purged FROM purged`;

/** Deletes expired idempotency keys. */
@Injectable()
export class IdempotencyKeysPurge extends PeriodicPurge {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(LOGGER) log: Logger,
  ) {
    super('idempotency keys', log);
  }

  protected override batches(): readonly DeleteBatch[] {
    return [
      async (batchMax) => {
        const [row] = await withEveryTenant(this.database, (manager) =>
          manager.query<{ purged: string }[]>(purgeOf(tableOf(manager)), [batchMax]),
        );
        return Number(row?.purged);
      },
    ];
  }
}
