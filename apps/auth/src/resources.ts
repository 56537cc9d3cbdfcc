/** What exists before the modules do, and outlives them: opened and closed in start.ts. */
import { Global, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { Bus } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { EntityManager } from 'typeorm';
import type { DataSource } from 'typeorm';
import type { AuthConfig } from './config.ts';

export const CONFIG = Symbol('configuration');
export const LOGGER = Symbol('logger');
export const BUS_CONNECTION = Symbol('connection of the bus');

export interface Resources {
  readonly config: AuthConfig;
  readonly log: Logger;
  readonly database: DataSource;
  readonly connection: BusConnection;
  readonly bus: Bus;
}

@Global()
@Module({})
export class ResourcesModule {
  static register(resources: Resources): DynamicModule {
    const providers = [
      { provide: CONFIG, useValue: resources.config },
      { provide: LOGGER, useValue: resources.log },
      { provide: EntityManager, useValue: resources.database.manager },
      { provide: BUS_CONNECTION, useValue: resources.connection },
      { provide: Bus, useValue: resources.bus },
    ];
    return { module: ResourcesModule, providers, exports: providers };
  }
}
