/**
 * How every service starts and ends. Configuration is read before anything else; SIGTERM and SIGINT drain (new work
 * goes elsewhere, running work finishes) and exit with code 0; work that exceeds the grace period is aborted.
 */
import { ConfigError, loadConfig } from '@xerotier/config';
import type { ConfigOf, SettingsTree } from '@xerotier/config';
import { createLogger } from '@xerotier/log';
import type { Logger } from '@xerotier/log';
import { collectProcessMetrics, startTracing } from '@xerotier/telemetry';
import { randomBytes } from 'node:crypto';
import { startHealthServer } from './health-server.ts';
import type { ReadinessChecks } from './health-server.ts';
import type { serviceSettings } from './service-settings.ts';

export interface RunningProcess {
  readonly readiness: ReadinessChecks;
  /** Ports and ids of the running service, for its supervisor. */
  readonly announce?: Readonly<Record<string, string | number>>;
  /** Accepts no new work and finishes running work. The signal is aborted shortly before the grace period ends. */
  drain(signal: AbortSignal): Promise<void>;
  /** Releases all other resources: connections, timers, child processes. */
  close(): Promise<void>;
}

/** Returns eight hexadecimal digits that identify a replica in the names of its connections, in request ids and in spans. */
export function newInstanceId(): string {
  return randomBytes(4).toString('hex');
}

export type ServiceSettingsTree = SettingsTree & { readonly service: typeof serviceSettings };

/** Part of the grace period that is reserved for closing after running work was aborted. */
const CLOSE_RESERVE_MS = 2_000;
/** Timeout of a startup after a signal to stop; a starting service has no work to finish. */
const STARTUP_ABORT_MS = 2_000;

/**
 * Runs one service until it is stopped. Ends the process: 0 after a graceful shutdown, 1 when it could not start or on
 * an unhandled error, with the reason on standard error or in the log.
 */
export async function runProcess<T extends ServiceSettingsTree>(
  name: string,
  settings: T,
  start: (config: ConfigOf<T>, log: Logger, instance: string) => Promise<RunningProcess>,
): Promise<void> {
  const config = readConfig(name, settings);
  const service = config.service as ConfigOf<typeof serviceSettings>;
  const log = createLogger({ service: name, level: service.logLevel });
  process.on('unhandledRejection', (error) => exitWithError(log, 'unhandled rejection', error));
  process.on('uncaughtException', (error) => exitWithError(log, 'uncaught exception', error));

  let draining = false;
  // From the beginning: a service accepts work before its start is complete, and a signal in between must not cut off
  // that work.
  const stopSignal = Promise.withResolvers<string>();
  process.on('SIGTERM', () => stopSignal.resolve('SIGTERM'));
  process.on('SIGINT', () => stopSignal.resolve('SIGINT'));
  const startupTimer = stopSignal.promise.then(() => setTimeout(() => process.exit(0), STARTUP_ABORT_MS));
  // A starting process has nothing to drain, and may wait indefinitely: without its supervisor it exits at once.
  const orphaned = (): never => exitWithError(log, 'parent process exited', undefined);
  process.once('disconnect', orphaned);
  collectProcessMetrics();
  const instance = newInstanceId();
  const tracing = await startTracing(service.telemetry, { service: name, instance }, log);
  const running = await start(config, log, instance).catch((error: unknown) =>
    exitWithError(log, 'startup failed', error),
  );
  const health = await startHealthServer({
    host: service.healthHost,
    port: service.healthPort,
    checks: { ...running.readiness, notDraining: () => !draining },
  });

  const stop = async (signal: string): Promise<void> => {
    clearTimeout(await startupTimer);
    draining = true;
    log.info('shutdown started', { signal, graceMs: service.graceMs });
    const abort = new AbortController();
    const abortTimer = setTimeout(() => abort.abort(), Math.max(0, service.graceMs - CLOSE_RESERVE_MS));
    const exitTimer = setTimeout(
      () => exitWithError(log, 'shutdown grace period exceeded', undefined),
      service.graceMs + CLOSE_RESERVE_MS,
    );
    await running.drain(abort.signal);
    clearTimeout(abortTimer);
    await running.close();
    // Last, so that spans of the closing are sent too.
    await tracing.shutdown();
    await health.close();
    clearTimeout(exitTimer);
    log.info('shutdown completed');
    process.exit(0);
  };
  void stopSignal.promise.then(stop).catch((error: unknown) => exitWithError(log, 'shutdown failed', error));
  process.off('disconnect', orphaned);
  announce({ healthPort: health.port, ...running.announce }, () => stopSignal.resolve('parent exited'));
  log.info('service started', { pid: process.pid, healthPort: health.port });
}

/** The message of a service to its parent process, when that opened an IPC channel (as `npm start` does). */
export interface Announcement {
  readonly type: 'started';
  readonly facts: Readonly<Record<string, string | number>>;
}

/**
 * Reports to a supervisor with an IPC channel that the service is up; when the channel closes, the supervisor has
 * exited.
 */
function announce(facts: Announcement['facts'], onParentExit: () => void): void {
  if (process.send === undefined) return;
  const message: Announcement = { type: 'started', facts };
  process.send(message);
  process.once('disconnect', onParentExit);
}

function readConfig<T extends SettingsTree>(name: string, settings: T): ConfigOf<T> {
  try {
    return loadConfig(settings);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exit(1);
  }
}

function exitWithError(log: Logger, message: string, error: unknown): never {
  log.error(message, { error });
  process.exit(1);
}
