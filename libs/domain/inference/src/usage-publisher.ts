import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { usageRecorded } from '@xerotier/contracts/inference';
import type { Logger } from '@xerotier/log';
import { DurablePublisher } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { BUS_CONNECTION, LOGGER } from '@xerotier/service-host';

const CONFIRMATION_TIMEOUT_MS = 5_000;

/** Publishes usage records to JetStream. Waits for their confirmation before the connection closes. */
@Injectable()
export class UsagePublisher extends DurablePublisher<typeof usageRecorded> implements OnModuleDestroy {
  constructor(
    @Inject(BUS_CONNECTION) connection: BusConnection,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    super(connection, usageRecorded, log);
  }

  async onModuleDestroy(): Promise<void> {
    const unconfirmed = await this.close(CONFIRMATION_TIMEOUT_MS);
    if (unconfirmed > 0) this.log.error('usage events unconfirmed', { events: unconfirmed });
  }
}
