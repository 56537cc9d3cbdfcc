/** Faults of servers. Each ends with a server that runs again, on its port. */
import type { LocalServer } from '@xerotier/local-servers';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Kills a server (SIGKILL), and starts it again with its data. */
export async function killServer(server: LocalServer, downMs: number): Promise<void> {
  await server.kill('SIGKILL');
  await delay(downMs);
  await server.restart();
}

/** As {@link killServer}, and deletes all of its data meanwhile. */
export async function loseRedisData(redis: LocalServer, downMs: number): Promise<void> {
  await loseFiles(redis, ['appendonlydir', 'appendonly.aof', 'dump.rdb'], downMs);
}

/** As {@link killServer}, and deletes all streams and consumers meanwhile. */
export async function loseNatsStore(nats: LocalServer, downMs: number): Promise<void> {
  await loseFiles(nats, ['jetstream'], downMs);
}

async function loseFiles(server: LocalServer, names: readonly string[], downMs: number): Promise<void> {
  await server.kill('SIGKILL');
  for (const name of names) await rm(join(server.dataDir, name), { recursive: true, force: true });
  await delay(downMs);
  await server.restart();
}
