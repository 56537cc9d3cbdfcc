import { Inject, Injectable } from '@nestjs/common';
import { usageRecorded, usageReported } from '@xerotier/contracts/inference';
import { StoredUntil } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { BUS_CONNECTION } from '@xerotier/service-host';
import { LEDGER_CONSUMER } from '../usage/usage.consumer.ts';
import { REPORTS_CONSUMER } from './usage-reports.consumer.ts';

/** What gateways and workers have published, and auth has not stored yet. */
@Injectable()
export class UsageBacklog {
  readonly #records: StoredUntil;
  readonly #reports: StoredUntil;

  constructor(@Inject(BUS_CONNECTION) connection: BusConnection) {
    this.#records = new StoredUntil(connection, usageRecorded, LEDGER_CONSUMER);
    this.#reports = new StoredUntil(connection, usageReported, REPORTS_CONSUMER);
  }

  /** Returns until when all records and reports are stored, in Unix milliseconds. @throws {Error} without JetStream. */
  async storedUntil(): Promise<number> {
    return Math.min(...(await Promise.all([this.#records.read(), this.#reports.read()])));
  }
}
