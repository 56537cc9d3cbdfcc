import type { Logger } from '@xerotier/log';
import { accessChanged } from '@xerotier/contracts/auth';
import type { DataSource } from 'typeorm';
import type { AccessChange, AnnounceAccessChange } from '../access/access-change.ts';
import type { AuthConfig } from '../config.ts';
import { openAuthDatabase } from '../db/database.ts';
import { onBus } from './on-bus.ts';

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
  const announced = await onBus(url, log, async (bus) => {
    for (const change of changes) bus.publish(accessChanged, change);
    return true;
  });
  if (announced === true) return;
  log.warn('NATS cannot be reached: gateways learn of the change within 30 seconds instead of at once');
}
