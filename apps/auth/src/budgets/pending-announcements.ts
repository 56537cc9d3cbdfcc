import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withEveryTenant } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { DataSource } from 'typeorm';
import { BudgetAnnouncements } from './budget-announcements.ts';

const INTERVAL_MS = 10_000;
const BATCH_ALERTS = 100;

/** While the service runs: announces, every ten seconds, alerts whose events found no room in the outbox. */
@Injectable()
export class PendingAnnouncements implements OnApplicationBootstrap, OnModuleDestroy {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => {
      this.#running ??= this.#run().finally(() => (this.#running = undefined));
    }, INTERVAL_MS).unref();
  }

  /** While connections are still open. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  /** Announces as many alerts as the outbox has room for. Replicas share the work. @throws {AppError} `db.unavailable`. */
  async announceAll(): Promise<void> {
    let announced = BATCH_ALERTS;
    while (announced === BATCH_ALERTS)
      announced = await withEveryTenant(this.database, (manager) =>
        new BudgetAnnouncements(manager).announcePending(BATCH_ALERTS),
      );
  }

  async #run(): Promise<void> {
    try {
      await this.announceAll();
    } catch (error) {
      this.log.warn('pending budget alerts not announced, retrying', { error });
    }
  }
}
