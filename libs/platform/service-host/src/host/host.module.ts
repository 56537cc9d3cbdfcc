/** Providers that every module of a service can inject: settings, logger, identity, readiness. */
import { Global, Module } from '@nestjs/common';
import type { DynamicModule, Type } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import type { Logger } from '@xerotier/log';
import { ReadinessRegistry } from '../readiness-registry.ts';
import { ServiceIdentity } from '../service-identity.ts';
import { CONFIG, LOGGER } from '../tokens.ts';

@Global()
@Module({})
export class ConfigModule {
  static forRoot(config: object): DynamicModule {
    return { module: ConfigModule, providers: [{ provide: CONFIG, useValue: config }], exports: [CONFIG] };
  }
}

@Global()
@Module({})
export class LogModule {
  static forRoot(log: Logger): DynamicModule {
    return { module: LogModule, providers: [{ provide: LOGGER, useValue: log }], exports: [LOGGER] };
  }
}

export interface HostModuleOptions {
  readonly identity: ServiceIdentity;
  readonly config: object;
  readonly log: Logger;
  /** The root module of the service. */
  readonly module: Type | DynamicModule;
}

/** The root of the application: the service's own module and the providers of the host. */
@Global()
@Module({})
export class HostModule {
  static forRoot({ identity, config, log, module }: HostModuleOptions): DynamicModule {
    return {
      module: HostModule,
      imports: [ConfigModule.forRoot(config), LogModule.forRoot(log), DiscoveryModule, module],
      providers: [{ provide: ServiceIdentity, useValue: identity }, ReadinessRegistry],
      exports: [ServiceIdentity, ReadinessRegistry],
    };
  }
}
