/** NATS, Redis and PostgreSQL of a stack: the ones whose URL is given, else private ones on this machine. */
import { resolveBinaries, startNats, startPostgres, startRedis } from '@xerotier/local-servers';
import type { LocalServer } from '@xerotier/local-servers';
import { join } from 'node:path';
import { serverCache } from './project-paths.ts';
import type { StateDir } from './project-paths.ts';

export interface DataServers {
  readonly natsUrl: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** The ones that were started here, by name; a server whose URL was given is not among them. */
  readonly started: Readonly<Partial<Record<ServerName, LocalServer>>>;
  stop(): Promise<void>;
}

export type ServerName = 'nats' | 'redis' | 'postgres';

export interface GivenUrls {
  readonly nats?: string | undefined;
  readonly redis?: string | undefined;
  readonly postgres?: string | undefined;
}

export function givenUrls(env: NodeJS.ProcessEnv): GivenUrls {
  return { nats: env['NATS_URL'], redis: env['REDIS_URL'], postgres: env['DATABASE_URL'] };
}

const RESTART_WAIT_MS = 500;

/** @param options.restart bring servers back that end by themselves. */
export async function startDataServers(
  state: StateDir,
  given: GivenUrls,
  options: { readonly restart: boolean; readonly onProgress: (message: string) => void },
): Promise<DataServers> {
  let stopping = false;
  const want = (['nats', 'redis', 'postgres'] as const).filter((name) => given[name] === undefined);
  const binaries = await resolveBinaries({ cacheDir: serverCache, want, onProgress: options.onProgress });
  const dataDir = (name: ServerName): string => join(state.servers, name);
  const common = (name: ServerName): { dataDir: string; onUnexpectedExit?: () => void } => ({
    dataDir: dataDir(name),
    ...(options.restart && { onUnexpectedExit: () => bringBack(name) }),
  });
  const start = {
    nats: () => startNats({ binary: binaries.nats, ...common('nats') }),
    redis: () => startRedis({ binary: binaries.redis, ...common('redis') }),
    postgres: () => startPostgres({ binary: binaries.postgres, ...common('postgres') }),
  };
  /** A server that died comes back on its port and data; services reconnect by themselves. */
  const bringBack = (name: ServerName): void => {
    if (stopping) return;
    setTimeout(() => void (stopping || started[name]?.restart().catch(() => bringBack(name))), RESTART_WAIT_MS);
  };
  const results = await Promise.allSettled(want.map(async (name) => [name, await start[name]()] as const));
  const running = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
  const started = Object.fromEntries(running) as Partial<Record<ServerName, LocalServer>>;
  const stop = async (): Promise<void> => {
    stopping = true;
    await Promise.all(Object.values(started).map((server) => server.stop()));
  };
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  const urlOf = (name: ServerName): string => given[name] ?? (started[name] as LocalServer).url;
  return { natsUrl: urlOf('nats'), redisUrl: urlOf('redis'), databaseUrl: urlOf('postgres'), started, stop };
}
