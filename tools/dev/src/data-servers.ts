/** NATS, Redis and PostgreSQL of a stack: those with a given URL, else private ones on this machine. */
import { resolveBinaries, startNats, startPostgres, startRedis } from '@xerotier/local-servers';
import type { LocalServer, ServerExit } from '@xerotier/local-servers';
import { join } from 'node:path';
import { exitReason, Lifecycle } from './lifecycle.ts';
import { clusterTemplates, serverCache } from './project-paths.ts';
import type { GivenUrls } from './given-servers.ts';
import type { StateDir } from './project-paths.ts';

export interface DataServers {
  readonly natsUrl: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** Servers that were started here, by name; servers with a given URL are not included. */
  readonly started: Readonly<Partial<Record<ServerName, LocalServer>>>;
  /** Restarts of the servers that were started here. */
  readonly lifecycles: Readonly<Record<ServerName, Lifecycle>>;
  stop(): Promise<void>;
}

export const SERVER_NAMES = ['nats', 'redis', 'postgres'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

const RESTART_WAIT_MS = 500;

/**
 * @param options.restart restart servers that exit, with the same data, port and password.
 * @param options.isDurable whether commits of PostgreSQL survive a power failure.
 */
export async function startDataServers(
  state: StateDir,
  given: GivenUrls,
  options: {
    readonly restart: boolean;
    readonly isDurable: boolean;
    readonly onProgress: (message: string) => void;
    /** Called with a message when a server exits unexpectedly, and when it is restarted. */
    readonly notify: (message: string) => void;
    /** Called when a process id changes. */
    readonly onChange: () => void;
  },
): Promise<DataServers> {
  let stopping = false;
  const started: Partial<Record<ServerName, LocalServer>> = {};
  const want = SERVER_NAMES.filter((name) => given[name] === undefined);
  const binaries = await resolveBinaries({ cacheDir: serverCache, want, onProgress: options.onProgress });
  const dataDir = (name: ServerName): string => join(state.servers, name);
  const lifecycles = {
    nats: new Lifecycle('nats', options.notify),
    redis: new Lifecycle('redis', options.notify),
    postgres: new Lifecycle('postgres', options.notify),
  };
  const common = (name: ServerName): { dataDir: string; onUnexpectedExit: (exit: ServerExit) => void } => ({
    dataDir: dataDir(name),
    onUnexpectedExit: ({ code, signal }) => {
      if (stopping) return;
      lifecycles[name].ended(exitReason(code, signal), options.restart);
      options.onChange();
      if (options.restart) scheduleRestart(name);
    },
  });
  const start = {
    nats: () => startNats({ binary: binaries.nats, ...common('nats') }),
    redis: () => startRedis({ binary: binaries.redis, ...common('redis') }),
    postgres: () =>
      startPostgres({
        binary: binaries.postgres,
        isDurable: options.isDurable,
        templatesDir: clusterTemplates,
        ...common('postgres'),
      }),
  };
  /** Restarts a server on its port and data; services reconnect by themselves. */
  const restart = async (name: ServerName): Promise<void> => {
    const server = started[name];
    if (stopping || server === undefined) return;
    try {
      await server.restart();
      if (stopping) return await server.stop();
      lifecycles[name].restarted(server.pid);
    } catch (error) {
      if (stopping) return;
      lifecycles[name].restartFailed(error instanceof Error ? error.message : String(error));
      scheduleRestart(name);
    }
    options.onChange();
  };
  const scheduleRestart = (name: ServerName): void => {
    setTimeout(() => void restart(name), RESTART_WAIT_MS);
  };
  const results = await Promise.allSettled(
    want.map(async (name) => {
      started[name] = await start[name]();
    }),
  );
  const stop = async (): Promise<void> => {
    stopping = true;
    await Promise.all(Object.values(started).map((server) => server.stop()));
  };
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason as Error;
  }
  const urlOf = (name: ServerName): string => given[name] ?? (started[name] as LocalServer).url;
  return {
    natsUrl: urlOf('nats'),
    redisUrl: urlOf('redis'),
    databaseUrl: urlOf('postgres'),
    started,
    lifecycles,
    stop,
  };
}
