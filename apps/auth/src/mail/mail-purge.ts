import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withDbErrors } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { PeriodicPurge } from '@xerotier/service-host/database';
import type { DeleteBatch } from '@xerotier/service-host/database';
import { DataSource } from 'typeorm';

/** How long an operator can send again what was given up. */
const FAILED_MAIL_DAYS = 30;

const PURGE = `
  DELETE FROM auth.mail WHERE id IN (
    SELECT id FROM auth.mail WHERE failed_at < now() - make_interval(days => ${FAILED_MAIL_DAYS})
    LIMIT $1 FOR UPDATE SKIP LOCKED)`;

/** Deletes mail that was given up long ago. */
@Injectable()
export class MailPurge extends PeriodicPurge {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(LOGGER) log: Logger,
  ) {
    super('failed mail', log);
  }

  protected override batches(): readonly DeleteBatch[] {
    return [
      async (batchMax) => {
        const [, purged] = await withDbErrors(() => this.database.query<[unknown[], number]>(PURGE, [batchMax]));
        return purged;
      },
    ];
  }
}
