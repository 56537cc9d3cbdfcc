import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDataDir } from './data-dir.ts';
import { keepPassword } from './kept-password.ts';
import type { LocalServer, ServerPlan, StartOptions } from './local-server.ts';
import { startServer } from './managed-server.ts';
import { LOOPBACK } from './ports.ts';
import { natsServerName } from './probes.ts';

export interface NatsOptions extends StartOptions {
  /** Default: that of the last run, initially random. */
  readonly password?: string;
  /** Maximum size of a message. Default 1 MiB, as in NATS. */
  readonly maxPayloadBytes?: number;
  /** Memory limit of JetStream. Default 256 MiB. */
  readonly memoryStoreBytesMax?: number;
  /** Disk limit of JetStream. Default 10 GiB. */
  readonly fileStoreBytesMax?: number;
  /** Port of the monitoring pages. Default: none. */
  readonly monitorPort?: number;
  /** Additional configuration lines. */
  readonly extraConfig?: string;
}

interface NatsConfig {
  readonly port: number;
  readonly password: string;
  readonly serverName: string;
  readonly storeDir: string;
  readonly maxPayloadBytes: number;
  readonly memoryStoreBytesMax: number;
  readonly fileStoreBytesMax: number;
  readonly monitorPort?: number;
  readonly extraConfig?: string;
}

const MIB = 1024 * 1024;
const USER = 'xerotier';

/**
 * Starts a private NATS with JetStream that requires a password. Throws with the end of its log when the start fails.
 */
export async function startNats(options: NatsOptions): Promise<LocalServer> {
  const dataDir = await ensureDataDir(options.dataDir, 'nats');
  const configPath = join(dataDir, 'nats.conf');
  const password = await keepPassword(dataDir, options.password);
  // A new name for each start distinguishes our server from another one on the same port.
  const serverName = `xerotier-${randomUUID()}`;
  const plan: ServerPlan = {
    name: 'nats',
    cwd: dataDir,
    prepare: async (port) => {
      const config = natsConfig({
        port,
        password,
        serverName,
        storeDir: join(dataDir, 'jetstream'),
        maxPayloadBytes: options.maxPayloadBytes ?? MIB,
        memoryStoreBytesMax: options.memoryStoreBytesMax ?? 256 * MIB,
        fileStoreBytesMax: options.fileStoreBytesMax ?? 10 * 1024 * MIB,
        monitorPort: options.monitorPort,
        extraConfig: options.extraConfig,
      });
      await writeFile(configPath, config, { mode: 0o600 });
      return { command: options.binary.command, args: ['-c', configPath], env: options.binary.env };
    },
    isReady: async (port) => (await natsServerName(port)) === serverName,
    url: (port) => `nats://${USER}:${encodeURIComponent(password)}@${LOOPBACK}:${port}`,
  };
  return startServer(plan, { ...options, dataDir });
}

export function natsConfig(config: NatsConfig): string {
  const lines = [
    `host: "${LOOPBACK}"`,
    `port: ${config.port}`,
    `server_name: ${natsString(config.serverName)}`,
    'authorization {',
    `  user: ${natsString(USER)}`,
    `  password: ${natsString(config.password)}`,
    '}',
    `max_payload: ${config.maxPayloadBytes}`,
    // Maximum pending data of a slow reader; never less than one message.
    `max_pending: ${Math.max(64 * MIB, 2 * config.maxPayloadBytes)}`,
    'jetstream {',
    `  store_dir: ${natsString(config.storeDir)}`,
    `  max_memory_store: ${config.memoryStoreBytesMax}`,
    `  max_file_store: ${config.fileStoreBytesMax}`,
    '}',
  ];
  if (config.monitorPort !== undefined) lines.push(`http: "${LOOPBACK}:${config.monitorPort}"`);
  if (config.extraConfig !== undefined) lines.push(config.extraConfig);
  return `${lines.join('\n')}\n`;
}

function natsString(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
