import type { DynamicModule, INestApplicationContext, Type } from '@nestjs/common';
import type { ConfigOf } from '@xerotier/config';
import type { Logger } from '@xerotier/log';
import type { ServiceSettingsTree } from '@xerotier/process';
import type { Command } from './commands/command.ts';
import type { ServiceIdentity } from './service-identity.ts';

/** All that a service says of itself. */
export interface ServiceDefinition<S extends ServiceSettingsTree> {
  /** As in logs, and in the names of its connections. */
  readonly name: string;
  readonly settings: S;
  readonly module: Type | DynamicModule;
  /** Subcommands of the program, by the first word of the command line. Default: none. */
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

/** A Nest application, and what its other ways in need besides. */
export interface ServiceApplication {
  readonly nest: INestApplicationContext;
  /** Opens the other ways in, after the bus serves. Returns what the process announces to its supervisor: ports. */
  listen?(): Promise<Readonly<Record<string, string | number>>>;
  /** First step of a drain. */
  stopAccepting?(): Promise<void>;
  /** Closes everything, `nest` too. */
  close(): Promise<void>;
}
