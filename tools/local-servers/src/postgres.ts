import { randomBytes } from 'node:crypto';
import { readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDataDir } from './data-dir.ts';
import type { LocalServer, ServerPlan, StartOptions } from './local-server.ts';
import { startServer } from './managed-server.ts';
import { LOOPBACK } from './ports.ts';
import { clusterMajor, ensureCluster, readClusterRecord } from './postgres-cluster.ts';
import { giveTo, openPostgresHome } from './postgres-home.ts';
import { postgresRequestsPassword } from './probes.ts';
import { isAlive, processName } from './process-identity.ts';
import { isRoot } from './reachability.ts';
import { stopStale } from './run-record.ts';

export interface PostgresOptions extends StartOptions {
  /** A superuser. Default `xerotier`. */
  readonly user?: string;
  /** Default: that of the last run, initially random. */
  readonly password?: string;
  /** Created when missing. Default `xerotier`. */
  readonly database?: string;
  /** Default 100. */
  readonly connectionsMax?: number;
  /**
   * Default true: a committed row survives a power failure. With false it survives only a kill of the server; starts
   * and writes are faster, which suits tests.
   */
  readonly isDurable?: boolean;
  /**
   * For a cluster that is not durable: a folder of templates, one per version and user, of which it is a copy. That takes a tenth
   * of the time of initdb. A missing template is created.
   */
  readonly templatesDir?: string;
  /** Additional configuration lines, which override the ones before. */
  readonly extraConfig?: string;
}

export interface PostgresServer extends LocalServer {
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

interface PostgresConfig {
  readonly port: number;
  readonly connectionsMax: number;
  readonly isDurable: boolean;
  readonly extraConfig?: string;
}

const CONFIG = 'xerotier.conf';
const RECORD = 'cluster.json';

/**
 * Starts a private PostgreSQL that accepts password logins on 127.0.0.1 only. As root it runs as another user, because
 * it does not run as root. Throws with the end of its log when the start fails.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { binary, isDurable = true } = options;
  // As root, another user must be able to traverse the folder.
  const dataDir = await ensureDataDir(options.dataDir, 'postgres', isRoot() ? 0o711 : 0o700);
  const recordPath = join(dataDir, RECORD);
  const account = {
    user: options.user ?? 'xerotier',
    password:
      options.password ?? (await readClusterRecord(recordPath))?.password ?? randomBytes(18).toString('base64url'),
    database: options.database ?? 'xerotier',
  };
  // Before the cluster is changed: the single-user mode must not run beside a leftover server.
  await stopStale(dataDir, options.stopGraceMs ?? 10_000);
  const home = await openPostgresHome(dataDir);
  await removeDeadLock(home.clusterDir);
  await ensureCluster(binary, home, recordPath, account, { isDurable, templatesDir: options.templatesDir });

  const { clusterDir, identity } = home;
  const plan: ServerPlan = {
    name: 'postgres',
    cwd: await realpath(clusterDir),
    prepare: async (port) => {
      const config = postgresConfig({
        port,
        connectionsMax: options.connectionsMax ?? 100,
        isDurable,
        extraConfig: options.extraConfig,
      });
      const configPath = join(clusterDir, CONFIG);
      await writeFile(configPath, config, { mode: 0o600 });
      await giveTo(configPath, identity);
      await includeConfig(join(clusterDir, 'postgresql.conf'));
      return { command: binary.command, args: ['-D', clusterDir], env: binary.env, ...identity };
    },
    isReady: async (port, pid) =>
      (await isPostmaster(clusterDir, pid)) && (await postgresRequestsPassword(port, account.user, account.database)),
    url: (port) =>
      `postgres://${encodeURIComponent(account.user)}:${encodeURIComponent(account.password)}@${LOOPBACK}:${port}/${encodeURIComponent(account.database)}`,
    // After a SIGKILL the old server's child processes take a moment to exit.
    startsLater: /pre-existing shared memory block|lock file .* already exists/,
  };
  return Object.assign(await startServer(plan, { ...options, dataDir }), account);
}

/** Returns the major version of PostgreSQL that wrote the data of this folder, or null: for `resolveBinaries`. */
export function postgresMajorOf(dataDir: string): Promise<number | null> {
  return clusterMajor(join(dataDir, 'cluster'));
}

export function postgresConfig(config: PostgresConfig): string {
  const lines = [
    `listen_addresses = '${LOOPBACK}'`,
    `port = ${config.port}`,
    // No socket file: its path is limited to about 100 characters, which a project's folder may exceed.
    "unix_socket_directories = ''",
    `max_connections = ${config.connectionsMax}`,
    // Its compiler is 100 MB of packages, and short queries do not benefit from it.
    'jit = off',
    'logging_collector = off',
    "log_destination = 'stderr'",
    'password_encryption = scram-sha-256',
    // Requires no time zone files, which a small container may lack. Equivalent to UTC.
    "timezone = 'GMT'",
    "log_timezone = 'GMT'",
  ];
  // A commit reaches the page cache, so that it survives SIGKILL: synchronous_commit stays on.
  if (!config.isDurable) lines.push('fsync = off', 'full_page_writes = off');
  if (config.extraConfig !== undefined) lines.push(config.extraConfig);
  return `${lines.join('\n')}\n`;
}

async function includeConfig(mainConfigPath: string): Promise<void> {
  const include = `include '${CONFIG}'`;
  const main = await readFile(mainConfigPath, 'utf8');
  if (!main.split('\n').includes(include)) await writeFile(mainConfigPath, `${main}\n${include}\n`);
}

/**
 * Removes the lock file of a killed server. PostgreSQL does so itself, except when the process id in it exists: as an
 * unrelated process, or as a zombie of the killed server (common in containers).
 */
async function removeDeadLock(clusterDir: string): Promise<void> {
  const path = join(clusterDir, 'postmaster.pid');
  const pid = Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 10);
  if (Number.isNaN(pid)) return;
  const isPostgres = (await isAlive(pid)) && (await processName(pid)) === 'postgres';
  if (!isPostgres) await rm(path, { force: true });
}

/** Whether this process serves the cluster, so that a response on the port is not that of another server. */
async function isPostmaster(clusterDir: string, pid: number): Promise<boolean> {
  const lockFile = await readFile(join(clusterDir, 'postmaster.pid'), 'utf8').catch(() => '');
  return Number.parseInt(lockFile, 10) === pid;
}
