import { Global, Module } from '@nestjs/common';
import type { DynamicModule, OnApplicationShutdown, Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import type { ConfigOf } from '@xerotier/config';
import type { Logger } from '@xerotier/log';
import { Bus, connectBus } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import type { natsSettings } from '@xerotier/process';
import { ReadinessRegistry } from '../readiness-registry.ts';
import { ServiceIdentity } from '../service-identity.ts';
import { BUS_CONNECTION, CONFIG, LOGGER } from '../tokens.ts';
import { BusExplorer, SERVED_CONTRACTS } from './bus-explorer.ts';
import type { ServedContract } from './bus-explorer.ts';

export interface BusModuleOptions {
  /** Contracts that this service serves, by `@Serves` methods of its providers. Default: none. */
  readonly serves?: readonly ServedContract[];
  /** An existing connection, which this module closes as well. Default: a new one to `config.nats.url`. */
  readonly connection?: BusConnection;
}

interface NatsConfig {
  readonly nats: ConfigOf<typeof natsSettings>;
}

/**
 * The bus: connects before anything that injects `Bus` is created, registers decorated methods, and closes after
 * everything else. Adds the readiness check `nats`.
 */
@Global()
@Module({})
export class BusModule implements OnApplicationShutdown {
  static forRoot({ serves = [], connection }: BusModuleOptions = {}): DynamicModule {
    const connectionProvider: Provider =
      connection === undefined
        ? {
            provide: BUS_CONNECTION,
            inject: [CONFIG, ServiceIdentity, LOGGER],
            useFactory: ({ nats }: NatsConfig, { connectionName }: ServiceIdentity, log: Logger) =>
              connectBus({ url: nats.url, name: connectionName, log }),
          }
        : { provide: BUS_CONNECTION, useValue: connection };
    return {
      module: BusModule,
      imports: [DiscoveryModule],
      providers: [
        { provide: SERVED_CONTRACTS, useValue: serves },
        connectionProvider,
        {
          provide: Bus,
          inject: [BUS_CONNECTION, LOGGER],
          useFactory: (connected: BusConnection, log: Logger) => new Bus(connected, { log }),
        },
        BusExplorer,
      ],
      exports: [Bus, BUS_CONNECTION],
    };
  }

  constructor(
    private readonly bus: Bus,
    readiness: ReadinessRegistry,
  ) {
    readiness.add('nats', () => bus.connected);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.bus.close();
  }
}
