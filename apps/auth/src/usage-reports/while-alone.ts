import { withEveryTenant } from '@xerotier/db';
import type { DataSource, EntityManager } from 'typeorm';

const LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('auth.usage_report')) AS locked";

/** Runs work on usage reports in a transaction that no other replica runs at the same time; returns null if one does. */
export async function whileAlone<T>(
  database: DataSource,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T | null> {
  return withEveryTenant(database, async (manager) => {
    const [row] = await manager.query<{ locked: boolean }[]>(LOCK);
    return row?.locked === true ? work(manager) : null;
  });
}
