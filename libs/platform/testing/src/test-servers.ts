/**
 * Real servers for a test file: started before its first test on free ports, with empty data, and stopped after its
 * last.
 */
import {
  removeDataDir,
  resolveBinaries,
  startNats,
  startPostgres,
  startRedis,
  startS3,
  TEMPLATE_PASSWORD,
} from '@xerotier/local-servers';
import type { LocalServer, PostgresServer, S3Server } from '@xerotier/local-servers';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

interface Servers {
  nats: LocalServer;
  redis: LocalServer;
  postgres: PostgresServer;
  /** Without buckets. */
  s3: S3Server;
}

export type ServerName = keyof Servers;

/** The first start on a machine may have to download the binaries. */
const START_TIMEOUT_MS = 300_000;

/**
 * Call it at the top of a file; read the servers inside tests only.
 * @example
 * const servers = testServers('nats', 'postgres');
 * it('connects', () => connect(servers.nats.url));
 */
export function testServers<K extends ServerName>(...names: K[]): Pick<Servers, K> {
  const servers: Partial<Servers> = {};
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'xerotier-test-'));
    Object.assign(servers, await startServers(names, folder));
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await Promise.all(Object.values(servers).map((server) => server.stop()));
    await Promise.all(names.map((name) => removeDataDir(join(folder, name)).catch(() => undefined)));
    await rm(folder, { recursive: true, force: true });
  }, START_TIMEOUT_MS);

  return new Proxy({} as Pick<Servers, K>, {
    get: (_, name) => {
      const server = servers[name as K];
      if (server === undefined)
        throw new Error(
          `Server '${String(name)}' is not running: list it in testServers(...) and read it inside a test.`,
        );
      return server;
    },
  });
}

async function startServers(names: readonly ServerName[], folder: string): Promise<Partial<Servers>> {
  const binaries = await resolveBinaries({ cacheDir: serverCacheDir(), want: [...names] });
  const start = {
    nats: () => startNats({ binary: binaries.nats, dataDir: join(folder, 'nats') }),
    redis: () => startRedis({ binary: binaries.redis, dataDir: join(folder, 'redis') }),
    postgres: () =>
      startPostgres({
        binary: binaries.postgres,
        dataDir: join(folder, 'postgres'),
        database: 'xerotier',
        user: 'xerotier',
        password: TEMPLATE_PASSWORD,
        isDurable: false,
        templatesDir: clusterTemplatesDir(),
      }),
    s3: () => startS3({ binary: binaries.s3, dataDir: join(folder, 's3') }),
  };
  const started = await Promise.all(names.map(async (name) => [name, await start[name]()] as const));
  return Object.fromEntries(started);
}

/** Where initialised clusters of PostgreSQL are kept, of which each test file gets a copy. */
export function clusterTemplatesDir(): string {
  return join(serverCacheDir(), '../clusters');
}

/** Where downloaded binaries are kept: `.cache/servers` of the project. */
export function serverCacheDir(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'nx.json'))) folder = dirname(folder);
  return join(folder, '.cache', 'servers');
}
