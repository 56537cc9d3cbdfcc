/** The consumer's half: an event may come more than once, and has its effect once. */
import { assertSchemaName, withDbErrors } from '@xerotier/db';
import type { EntityManager } from 'typeorm';
import { assertInTransaction } from './assert-in-transaction.ts';

export interface InboxEntry {
  /** The schema of the service, where `createOutboxTables` has run. */
  readonly schema: string;
  /** Each consumer of an event has its effect once. */
  readonly consumer: string;
  /** `EventDelivery.id`. */
  readonly eventId: string;
}

/**
 * Runs the effect unless it has been committed before for this consumer and event. Inbox row and effect commit together, or neither
 * does; of two deliveries at the same moment the second waits for the first.
 * @returns whether the effect ran.
 * @throws what the effect throws, and then the transaction has to be rolled back. `db.unavailable`. Outside a transaction an Error.
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

/** Forgets events that came longer ago. Keep them for longer than their streams do (14 days): one that comes again is new by then. */
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
