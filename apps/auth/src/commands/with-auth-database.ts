import type { Logger } from '@xerotier/log';
import { Bus, connectBus } from '@xerotier/nats';
import { accessChanged } from '@xerotier/contracts';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import type { AccessChange, AnnounceAccessChange } from '../access/access-change.ts';
import type { AuthConfig } from '../config.ts';
import { openAuthDatabase } from '../db/database.ts';

const ANNOUNCE_TIMEOUT_MS = 5_000;

/** Runs work on the database, and then announces on the bus what it changed. */
export async function withAuthDatabase<T>(
  config: AuthConfig,
  log: Logger,
  work: (database: DataSource, announce: AnnounceAccessChange) => Promise<T>,
): Promise<T> {
  const changes: AccessChange[] = [];
  const database = await openAuthDatabase(config.database, log);
  try {
    return await work(database, (change) => void changes.push(change));
  } finally {
    await database.destroy();
    if (changes.length > 0) await announceAll(config.nats.url, changes, log);
  }
}

/** What is committed counts, whether or not anybody hears of it: caches are 30 seconds old at most. */
async function announceAll(url: string, changes: readonly AccessChange[], log: Logger): Promise<void> {
  const announcing = (async () => {
    const bus = new Bus(await connectBus({ url, name: 'auth-command', log }), { log });
    for (const change of changes) bus.publish(accessChanged, change);
    await bus.close();
    return true;
  })();
  if (await Promise.race([announcing, delay(ANNOUNCE_TIMEOUT_MS, false)])) return;
  log.warn('NATS cannot be reached: gateways learn of the change within 30 seconds instead of at once');
}
