import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withEveryTenant } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { PeriodicPurge } from '@xerotier/service-host/database';
import type { DeleteBatch } from '@xerotier/service-host/database';
import { DataSource } from 'typeorm';
import { IDEMPOTENCY_KEY_RETENTION } from './idempotency-keys.ts';

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
          manager.query<{ purged: string }[]>(PURGE, [batchMax]),
        );
        return Number(row?.purged);
      },
    ];
  }
}
