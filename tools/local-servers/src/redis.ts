import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDataDir } from './data-dir.ts';
import { keepPassword } from './kept-password.ts';
import type { LocalServer, ServerPlan, StartOptions } from './local-server.ts';
import { startServer } from './managed-server.ts';
import { LOOPBACK } from './ports.ts';
import { redisProcessId } from './probes.ts';
import { compareVersions, parseVersion } from './versions.ts';

export interface RedisOptions extends StartOptions {
  /** Default: that of the last run, initially random. */
  readonly password?: string;
  /** Memory limit. When exceeded, writes fail; nothing is evicted. Default: no limit. */
  readonly memoryBytesMax?: number;
  /** Additional configuration lines, which override the ones before. */
  readonly extraConfig?: string;
}

interface RedisConfig {
  readonly port: number;
  readonly dir: string;
  readonly keepsProcessTitle: boolean;
  readonly password: string;
  readonly memoryBytesMax?: number;
  readonly extraConfig?: string;
}

/**
 * Starts a private Redis with an append-only file, synced each second, and without eviction. Throws with the end of its
 * log when the start fails.
 */
export async function startRedis(options: RedisOptions): Promise<LocalServer> {
  const dataDir = await ensureDataDir(options.dataDir, 'redis');
  const configPath = join(dataDir, 'redis.conf');
  const password = await keepPassword(dataDir, options.password);
  const version = parseVersion(options.binary.version) ?? [0, 0, 0];
  const plan: ServerPlan = {
    name: 'redis',
    cwd: dataDir,
    prepare: async (port) => {
      const config = redisConfig({
        port,
        dir: dataDir,
        keepsProcessTitle: compareVersions(version, [6, 2, 0]) >= 0,
        password,
        memoryBytesMax: options.memoryBytesMax,
        extraConfig: options.extraConfig,
      });
      await writeFile(configPath, config, { mode: 0o600 });
      return { command: options.binary.command, args: [configPath], env: options.binary.env };
    },
    isReady: async (port, pid) => (await redisProcessId(port, password)) === pid,
    url: (port) => `redis://:${encodeURIComponent(password)}@${LOOPBACK}:${port}`,
  };
  return startServer(plan, { ...options, dataDir });
}

export function redisConfig(config: RedisConfig): string {
  const lines = [
    `bind ${LOOPBACK}`,
    `port ${config.port}`,
    `dir ${redisString(config.dir)}`,
    'daemonize no',
    'logfile ""',
    'appendonly yes',
    'appendfsync everysec',
    // The append-only file is sufficient for persistence.
    'save ""',
    // A queue that evicts keys under memory pressure would lose work.
    'maxmemory-policy noeviction',
    `requirepass ${redisString(config.password)}`,
  ];
  // The configuration's path in the process list identifies the server. Redis 6.0 cannot keep it.
  if (config.keepsProcessTitle) lines.push('set-proc-title no');
  if (config.memoryBytesMax !== undefined) lines.push(`maxmemory ${config.memoryBytesMax}`);
  if (config.extraConfig !== undefined) lines.push(config.extraConfig);
  return `${lines.join('\n')}\n`;
}

function redisString(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
