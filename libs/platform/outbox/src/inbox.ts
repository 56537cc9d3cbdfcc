/** The consumer's side: an event may be delivered more than once, and takes effect once. */
import { assertSchemaName, withDbErrors } from '@xerotier/db';
import type { EntityManager } from 'typeorm';
import { assertInTransaction } from './assert-in-transaction.ts';

export interface InboxEntry {
  /** The schema of the service, where `createOutboxTables` has run. */
  readonly schema: string;
  /** Each consumer of an event applies its effect once. */
  readonly consumer: string;
  /** `EventDelivery.id`. */
  readonly eventId: string;
}

/**
 * Runs the effect unless it was committed before for this consumer and event. Inbox row and effect are committed
 * together; a concurrent delivery waits for the first.
 * @returns whether the effect ran.
 * @throws what the effect throws: the transaction must then be rolled back. `db.unavailable`. An Error outside a
 * transaction.
 */
export async function withInbox(
  manager: EntityManager,
  { schema, consumer, eventId }: InboxEntry,
  effect: (manager: EntityManager) => Promise<void>,
): Promise<boolean> {
  assertSchemaName(schema);
  assertInTransaction(manager);
  const written = await withDbErrors(() =>
    manager.query<unknown[]>(
      `INSERT INTO "${schema}".inbox (consumer, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING event_id`,
      [consumer, eventId],
    ),
  );
  if (written.length === 0) return false;
  await effect(manager);
  return true;
}

/**
 * Deletes events that were received longer ago. Keep them longer than their streams do (14 days): a deleted event
 * counts as new.
 */
export async function pruneInbox(manager: EntityManager, schema: string, olderThanMs: number): Promise<void> {
  assertSchemaName(schema);
  await withDbErrors(() =>
    manager.query(
      `DELETE FROM "${schema}".inbox WHERE (consumer, event_id) IN (
         SELECT consumer, event_id FROM "${schema}".inbox
         WHERE received_at < now() - $1 * interval '1 millisecond' ORDER BY received_at LIMIT 10000
       )`,
      [olderThanMs],
    ),
  );
}
