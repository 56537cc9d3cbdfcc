/**
 * The startup and shutdown order of a service:
 *
 *     create modules (connections open) > @On > beforeServing > @Serves, @Consumes > listen
 *     stop accepting > stop @Serves, @Consumes > onDrain and running requests > stop @On > onModuleDestroy >
 * connections close
 */
import type { DynamicModule } from '@nestjs/common';
import { DiscoveryService, NestFactory } from '@nestjs/core';
import type { ConfigOf } from '@xerotier/config';
import type { Logger } from '@xerotier/log';
import type { RunningProcess, ServiceSettingsTree } from '@xerotier/process';
import { once } from 'node:events';
import { BusExplorer } from './bus/bus-explorer.ts';
import { HostModule } from './host/host.module.ts';
import { NestLogAdapter } from './host/nest-log-adapter.ts';
import { callBeforeServing, callOnDrain, callOnServing, instancesOf } from './lifecycle-hooks.ts';
import { ReadinessRegistry } from './readiness-registry.ts';
import type { ServiceApplication, ServiceDefinition } from './service-definition.ts';
import { ServiceIdentity } from './service-identity.ts';

export interface StartedService extends RunningProcess {
  readonly application: ServiceApplication;
}

/** @throws {Error} the reason why it could not start, after everything it had opened was closed. */
export async function startService<S extends ServiceSettingsTree>(
  definition: Omit<ServiceDefinition<S>, 'commands' | 'settings'>,
  config: ConfigOf<S>,
  log: Logger,
  instance?: string,
): Promise<StartedService> {
  const identity = new ServiceIdentity(definition.name, instance);
  const module = HostModule.forRoot({ identity, config, log, module: definition.module });
  const create = definition.application ?? createContext;
  const application = await create(module, { config, log, identity });
  const { nest } = application;
  const nestLog = new NestLogAdapter(log);
  nest.useLogger(nestLog);
  const discovery = nest.get(DiscoveryService, { strict: false });
  const explorer = instancesOf(discovery).find((instance) => instance instanceof BusExplorer);
  try {
    await explorer?.subscribe();
    await callBeforeServing(discovery);
    await explorer?.serve();
    callOnServing(discovery);
    const announce = await application.listen?.();
    return {
      application,
      readiness: nest.get(ReadinessRegistry, { strict: false }).checks,
      ...(announce !== undefined && { announce }),
      drain: async (signal) => {
        await application.stopAccepting?.();
        await explorer?.stopAccepting();
        // A hook receives the signal and ends by itself; a handler does not, so it is abandoned.
        await Promise.all([callOnDrain(discovery, signal), Promise.race([explorer?.settled(), aborted(signal)])]);
        await explorer?.unsubscribe();
      },
      close: () => closeOrThrow(application, nestLog),
    };
  } catch (error) {
    await application.close();
    throw error;
  }
}

/** Nest and its TypeORM module only log errors of hooks and connections while closing, and continue. */
async function closeOrThrow(application: ServiceApplication, nestLog: NestLogAdapter): Promise<void> {
  const before = nestLog.errors;
  await application.close();
  if (nestLog.errors > before) throw new Error('Some resources could not be closed: see the errors above.');
}

async function createContext(module: DynamicModule): Promise<ServiceApplication> {
  const nest = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  return { nest, close: () => nest.close() };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
