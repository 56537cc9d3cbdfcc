/**
 * How every service starts and ends. Configuration is read before anything else; SIGTERM and SIGINT drain (new work goes
 * elsewhere, running work finishes) and end with exit code 0; what is not done after the grace time is cut off.
 */
import { ConfigError, loadConfig } from '@xerotier/config';
import type { ConfigOf, SettingsTree } from '@xerotier/config';
import { createLogger } from '@xerotier/log';
import type { Logger } from '@xerotier/log';
import { startHealthServer } from './health-server.ts';
import type { ReadinessChecks } from './health-server.ts';
import type { serviceSettings } from './service-settings.ts';

export interface RunningProcess {
  readonly readiness: ReadinessChecks;
  /** Ports and ids that only the running service knows, for a supervisor that started it. */
  readonly announce?: Readonly<Record<string, string | number>>;
  /** Takes no new work and finishes the work at hand. The signal is aborted shortly before the grace time is over. */
  drain(signal: AbortSignal): Promise<void>;
  /** Lets go of everything else: connections, timers, children. */
  close(): Promise<void>;
}

export type ServiceSettingsTree = SettingsTree & { readonly service: typeof serviceSettings };

/** What of the grace time is kept for closing after work was told to end. */
const CLOSING_SHARE_MS = 2_000;
/** A service that is told to stop while it starts may get so far within this time; it has promised nothing to anybody yet. */
const STARTING_PATIENCE_MS = 2_000;

/**
 * Runs one service until it is told to stop. Ends the process: 0 after an orderly stop, 1 when it could not start or a
 * defect escaped, with the reason on standard error or in the log.
 */
export async function runProcess<T extends ServiceSettingsTree>(
  name: string,
  settings: T,
  start: (config: ConfigOf<T>, log: Logger) => Promise<RunningProcess>,
): Promise<void> {
  const config = readConfig(name, settings);
  const service = config.service as ConfigOf<typeof serviceSettings>;
  const log = createLogger({ service: name, level: service.logLevel });
  process.on('unhandledRejection', (error) => die(log, 'a promise was rejected and nobody looked', error));
  process.on('uncaughtException', (error) => die(log, 'an error escaped', error));

  let draining = false;
  // From the beginning: a service answers before the rest of its start is done, and a signal in between must not cut it off.
  const told = Promise.withResolvers<string>();
  process.on('SIGTERM', () => told.resolve('SIGTERM'));
  process.on('SIGINT', () => told.resolve('SIGINT'));
  const patience = told.promise.then(() => setTimeout(() => process.exit(0), STARTING_PATIENCE_MS));
  // Until it runs there is nothing to drain, and what it waits for may never come: without its supervisor it just ends.
  const orphaned = (): never => die(log, 'the process that started this service is gone', undefined);
  process.once('disconnect', orphaned);
  const running = await start(config, log).catch((error: unknown) => die(log, 'the service could not start', error));
  const health = await startHealthServer({
    host: service.healthHost,
    port: service.healthPort,
    checks: { ...running.readiness, notDraining: () => !draining },
  });

  const stop = async (signal: string): Promise<void> => {
    clearTimeout(await patience);
    draining = true;
    log.info('stopping', { signal, graceMs: service.graceMs });
    const abort = new AbortController();
    const soon = setTimeout(() => abort.abort(), Math.max(0, service.graceMs - CLOSING_SHARE_MS));
    const hard = setTimeout(() => die(log, 'the grace time is over', undefined), service.graceMs + CLOSING_SHARE_MS);
    await running.drain(abort.signal);
    clearTimeout(soon);
    await running.close();
    await health.close();
    clearTimeout(hard);
    log.info('stopped');
    process.exit(0);
  };
  void told.promise.then(stop);
  process.off('disconnect', orphaned);
  announce({ healthPort: health.port, ...running.announce }, () => told.resolve('parent gone'));
  log.info('started', { pid: process.pid, healthPort: health.port });
}

/** What a service tells the process that started it, when that keeps a channel open (as `npm start` does). */
export interface Announcement {
  readonly type: 'started';
  readonly facts: Readonly<Record<string, string | number>>;
}

/** A supervisor that keeps a channel open hears when the service is up; when the channel breaks, the supervisor is gone. */
function announce(facts: Announcement['facts'], parentGone: () => void): void {
  if (process.send === undefined) return;
  const message: Announcement = { type: 'started', facts };
  process.send(message);
  process.once('disconnect', parentGone);
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

function die(log: Logger, message: string, error: unknown): never {
  log.error(message, { error });
  process.exit(1);
}
