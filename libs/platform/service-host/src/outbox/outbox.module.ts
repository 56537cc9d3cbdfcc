import { Inject, Module } from '@nestjs/common';
import type { DynamicModule, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { EventContract } from '@xerotier/contracts/define';
import type { Logger } from '@xerotier/log';
import type { BusConnection } from '@xerotier/nats';
import { startOutboxRelay } from '@xerotier/outbox';
import type { OutboxRelay } from '@xerotier/outbox';
import { DataSource } from 'typeorm';
import { BUS_CONNECTION, LOGGER } from '../tokens.ts';

const OPTIONS = Symbol('OUTBOX_OPTIONS');

export interface OutboxModuleOptions {
  /** Where a migration of the service has called `createOutboxTables`. */
  readonly schema: string;
  /** Contracts of the events of this outbox. */
  readonly events: readonly EventContract[];
}

/** Publishes the events that `addToOutbox` has written, until the service stops. Needs `DatabaseModule` and `BusModule`. */
@Module({})
export class OutboxModule implements OnApplicationBootstrap, OnModuleDestroy {
  #relay: OutboxRelay | undefined;

  static forRoot(options: OutboxModuleOptions): DynamicModule {
    return { module: OutboxModule, providers: [{ provide: OPTIONS, useValue: options }] };
  }

  constructor(
    private readonly database: DataSource,
    @Inject(BUS_CONNECTION) private readonly connection: BusConnection,
    @Inject(OPTIONS) private readonly options: OutboxModuleOptions,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const { database, connection, options, log } = this;
    this.#relay = startOutboxRelay({ database, connection, log, ...options });
  }

  /** After the drain, so that events of the last requests are published, while connections are still open. */
  async onModuleDestroy(): Promise<void> {
    await this.#relay?.stop();
  }
}
