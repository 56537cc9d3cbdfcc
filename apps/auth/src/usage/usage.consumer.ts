import { Inject, Injectable } from '@nestjs/common';
import { usageRecorded } from '@xerotier/contracts/inference';
import type { Logger } from '@xerotier/log';
import { consumeEvents } from '@xerotier/nats';
import type { BusConnection, Consuming } from '@xerotier/nats';
import { BUS_CONNECTION, LOGGER } from '../resources.ts';
import { UsageService } from './usage.service.ts';

/** Replicas share this name, and with it the work. */
const DURABLE = 'auth-ledger';

/** Moves usage from JetStream into the ledger: confirmed only after it is committed, so it comes again until it is. */
@Injectable()
export class UsageConsumer {
  #consuming: Consuming | undefined;

  constructor(
    @Inject(BUS_CONNECTION) private readonly connection: BusConnection,
    private readonly usage: UsageService,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  async start(): Promise<void> {
    this.#consuming = await consumeEvents(this.connection, usageRecorded, (records) => this.usage.record(records), {
      durable: DURABLE,
      log: this.log,
    });
  }

  /** Fetches no more, and finishes the batch at hand. */
  async stop(): Promise<void> {
    await this.#consuming?.stop();
  }
}
