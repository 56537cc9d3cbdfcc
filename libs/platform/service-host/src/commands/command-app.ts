import type { DynamicModule, INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HostModule } from '../host/host.module.ts';
import { ServiceIdentity } from '../service-identity.ts';
import type { CommandContext } from './command.ts';

/** Creates the providers of a command; close it at the end. Nothing is served, and `beforeServing` is not called. */
export function createCommandApp(
  module: Type | DynamicModule,
  config: object,
  { log, service }: Pick<CommandContext, 'log' | 'service'>,
): Promise<INestApplicationContext> {
  const root = HostModule.forRoot({ identity: new ServiceIdentity(`${service}-command`), config, log, module });
  return NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
}
