import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withEveryTenant } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { LOGGER, PeriodicTask } from '@xerotier/service-host';
import { DataSource } from 'typeorm';
import { BudgetAnnouncements } from './budget-announcements.ts';

const INTERVAL_MS = 10_000;
const BATCH_ALERTS = 100;

/** While the service runs: announces, every ten seconds, alerts whose events found no room in the outbox. */
@Injectable()
export class PendingAnnouncements extends PeriodicTask {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(LOGGER) log: Logger,
  ) {
    super({ intervalMs: INTERVAL_MS, failure: 'pending budget alerts not announced, retrying', log });
  }

  /** Announces as many alerts as the outbox has room for. Replicas share the work. @throws {AppError} `db.unavailable`. */
  async announceAll(): Promise<void> {
    let announced = BATCH_ALERTS;
    while (announced === BATCH_ALERTS)
      announced = await withEveryTenant(this.database, (manager) =>
        new BudgetAnnouncements(manager).announcePending(BATCH_ALERTS),
      );
  }

  protected override run(): Promise<void> {
    return this.announceAll();
  }
}
