import type { DynamicModule, INestApplicationContext, Type } from '@nestjs/common';
import type { ConfigOf } from '@xerotier/config';
import type { Logger } from '@xerotier/log';
import type { ServiceSettingsTree } from '@xerotier/process';
import type { Command } from './commands/command.ts';
import type { ServiceIdentity } from './service-identity.ts';

/** The definition of a service. */
export interface ServiceDefinition<S extends ServiceSettingsTree> {
  /** Used in logs and in the names of connections. */
  readonly name: string;
  readonly settings: S;
  readonly module: Type | DynamicModule;
  /** Subcommands of the program, selected by the first argument. Default: none. */
  readonly commands?: readonly Command[];
  /** Creates the Nest application. Default: an application context, without HTTP. */
  readonly application?: (
    module: DynamicModule,
    context: ApplicationContext<ConfigOf<S>>,
  ) => Promise<ServiceApplication>;
}

export interface ApplicationContext<Config> {
  readonly config: Config;
  readonly log: Logger;
  readonly identity: ServiceIdentity;
}

/** A Nest application and its other entry points. */
export interface ServiceApplication {
  readonly nest: INestApplicationContext;
  /**
   * Opens the other entry points, after the bus serves. Returns the ports that the process announces to its supervisor.
   */
  listen?(): Promise<Readonly<Record<string, string | number>>>;
  /** The first step of a drain. */
  stopAccepting?(): Promise<void>;
  /** Closes everything, including `nest`. */
  close(): Promise<void>;
}
