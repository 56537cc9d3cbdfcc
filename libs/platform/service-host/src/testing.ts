/** Services and handlers for tests on real servers. Import 'reflect-metadata' before the modules of an app. */
import type { DynamicModule, INestApplicationContext, ModuleMetadata, Type } from '@nestjs/common';
import { loadConfig } from '@xerotier/config';
import type { Logger } from '@xerotier/log';
import { silentLog } from '@xerotier/log/testing';
import type { BusConnection } from '@xerotier/nats';
import type { RunningProcess, ServiceSettingsTree } from '@xerotier/process';
import { BusModule } from './bus/bus.module.ts';
import type { BusModuleOptions } from './bus/bus.module.ts';
import { HostModule } from './host/host.module.ts';
import { ServiceIdentity } from './service-identity.ts';
import type { ServiceDefinition } from './service-definition.ts';
import { startService } from './start-service.ts';

export interface TestingService extends RunningProcess {
  readonly nest: INestApplicationContext;
  /** Drains within 10 s, then closes. Idempotent. */
  stop(): Promise<void>;
}

export interface TestingServiceOptions<S extends ServiceSettingsTree> extends ServiceDefinition<S> {
  /** The environment to read the settings from. */
  readonly env: NodeJS.ProcessEnv;
  /** Default: a silent logger. */
  readonly log?: Logger;
}

/** Starts a service in this process, like `runService`, but without health probes. */
export async function createTestingService<S extends ServiceSettingsTree>({
  env,
  log = silentLog(),
  ...definition
}: TestingServiceOptions<S>): Promise<TestingService> {
  return testingService(definition, loadConfig(definition.settings, env), log);
}

/** Returns the root module of a service, for a test that creates the application itself. */
export function createTestingModule<S extends ServiceSettingsTree>({
  env,
  log = silentLog(),
  name,
  module,
  settings,
}: TestingServiceOptions<S>): DynamicModule {
  return HostModule.forRoot({ identity: new ServiceIdentity(name), config: loadConfig(settings, env), log, module });
}

export interface TestingHandlersOptions extends Pick<ModuleMetadata, 'imports' | 'providers'> {
  readonly connection: BusConnection;
  readonly serves?: BusModuleOptions['serves'];
  readonly log?: Logger;
}

/** Serves the decorated methods of some providers on a connection of the test, which is closed on stop. */
export async function createTestingHandlers({
  connection,
  serves = [],
  log = silentLog(),
  imports = [],
  providers = [],
}: TestingHandlersOptions): Promise<TestingService> {
  class TestingModule {}
  const module: DynamicModule = {
    module: TestingModule,
    imports: [BusModule.forRoot({ serves, connection }), ...imports],
    providers,
  };
  return testingService({ name: 'test', module }, {}, log);
}

async function testingService(
  definition: { name: string; module: Type | DynamicModule },
  config: object,
  log: Logger,
): Promise<TestingService> {
  const { application, ...running } = await startService(definition as never, config as never, log);
  let stopping: Promise<void> | undefined;
  let closing: Promise<void> | undefined;
  // Once: a test may close a service before it is stopped.
  const close = (): Promise<void> => (closing ??= running.close());
  return {
    ...running,
    close,
    nest: application.nest,
    stop: () =>
      (stopping ??= (async () => {
        if (closing === undefined) await running.drain(AbortSignal.timeout(10_000));
        await close();
      })()),
  };
}
