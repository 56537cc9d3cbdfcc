import { Inject, Module } from '@nestjs/common';
import type { DynamicModule, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import type { BusConnection } from '@xerotier/nats';
import { startOutboxRelay } from '@xerotier/outbox';
import type { OutboxRelay } from '@xerotier/outbox';
import { DataSource } from 'typeorm';
import { BUS_CONNECTION, LOGGER } from '../tokens.ts';

const SCHEMA = Symbol('OUTBOX_SCHEMA');

/** Publishes the events that `addToOutbox` has written, until the service stops. Needs `DatabaseModule` and `BusModule`. */
@Module({})
export class OutboxModule implements OnApplicationBootstrap, OnModuleDestroy {
  #relay: OutboxRelay | undefined;

  /** @param schema where a migration of the service has called `createOutboxTables`. */
  static forRoot({ schema }: { readonly schema: string }): DynamicModule {
    return { module: OutboxModule, providers: [{ provide: SCHEMA, useValue: schema }] };
  }

  constructor(
    private readonly database: DataSource,
    @Inject(BUS_CONNECTION) private readonly connection: BusConnection,
    @Inject(SCHEMA) private readonly schema: string,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const { database, connection, schema, log } = this;
    this.#relay = startOutboxRelay({ database, connection, schema, log });
  }

  /** After the drain, so that events of the last requests are published, while connections are still open. */
  async onModuleDestroy(): Promise<void> {
    await this.#relay?.stop();
  }
}
