/**
 * Moves committed events from the outbox to JetStream, and deletes them once JetStream has confirmed them. It may die at any moment: what
 * was published and not deleted is published again under the same message id, which the stream drops within two minutes, and the
 * consumer's inbox ever after. Replicas share the rows (`SKIP LOCKED`), so events have no order.
 */
import { assertSchemaName, withDbErrors } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { MESSAGE_ID_HEADER, publishConfirmed } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';
import { pruneInbox } from './inbox.ts';
import { outboxBacklog } from './outbox.ts';

export interface OutboxRelayOptions {
  readonly database: DataSource;
  readonly connection: BusConnection;
  readonly schema: string;
  readonly log: Logger;
  /** How often an empty outbox is looked into: the most that an event waits. Default 250. */
  readonly pollMs?: number;
  /** Events that one transaction publishes. Default 100. */
  readonly batchMax?: number;
}

export interface OutboxRelay {
  /** Resolves when the batch at hand is published. */
  stop(): Promise<void>;
}

const POLL_MS = 250;
const BATCH_MAX = 100;
/** An event that cannot be published is tried again after this, doubled each time up to a minute. */
const RETRY_WAIT_MS = 500;
const HOUSEKEEPING_MS = 60_000;
const INBOX_KEPT_MS = 30 * 24 * 60 * 60 * 1_000;
/** An outbox that holds more or older events than this is reported once a minute. */
const BACKLOG_EVENTS = 10_000;
const BACKLOG_AGE_MS = 60_000;

/** Publishes until stopped; while the database or the bus is away it waits for them. */
export function startOutboxRelay(options: OutboxRelayOptions): OutboxRelay {
  assertSchemaName(options.schema);
  const relay = new Relay(options);
  const done = relay.run();
  return {
    stop: () => {
      relay.stop();
      return done;
    },
  };
}

interface Row {
  readonly id: string;
  readonly subject: string;
  readonly payload: string;
  readonly headers: Record<string, string>;
}

class Relay {
  readonly #options: OutboxRelayOptions;
  readonly #batchMax: number;
  readonly #stopping = new AbortController();
  #housekeptAt = 0;

  constructor(options: OutboxRelayOptions) {
    this.#options = options;
    this.#batchMax = options.batchMax ?? BATCH_MAX;
  }

  stop(): void {
    this.#stopping.abort();
  }

  async run(): Promise<void> {
    const { log, schema, pollMs = POLL_MS } = this.#options;
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      try {
        const published = await this.#publishBatch();
        if (published < this.#batchMax) await this.#pause(pollMs);
        failures = 0;
        await this.#keepHouse();
      } catch (error) {
        failures += 1;
        if (failures === 1) log.warn('outbox cannot be relayed', { schema, error });
        await this.#pause(RETRY_WAIT_MS);
      }
    }
  }

  /**
   * @returns how many events were confirmed.
   * @throws {AppError} `bus.disconnected` or `db.unavailable`: the events stay as they are.
   */
  async #publishBatch(): Promise<number> {
    const { connection, database, schema } = this.#options;
    // What is published meanwhile would be sent when the connection is back, after its confirmation was given up.
    if (!connection.isConnected()) throw new AppError('bus.disconnected');
    return withDbErrors(() =>
      database.transaction(async (manager) => {
        const rows = await manager.query<Row[]>(
          `SELECT id, subject, payload::text AS payload, headers FROM "${schema}".outbox
           WHERE available_at <= now() ORDER BY position LIMIT $1 FOR UPDATE SKIP LOCKED`,
          [this.#batchMax],
        );
        if (rows.length === 0) return 0;
        const results = await Promise.allSettled(rows.map((row) => this.#publish(row)));
        const isConfirmed = (_: Row, at: number): boolean => results[at]?.status === 'fulfilled';
        const confirmed = rows.filter(isConfirmed).map(({ id }) => id);
        await manager.query(`DELETE FROM "${schema}".outbox WHERE id = ANY($1)`, [confirmed]);
        const failed = rows.filter((row, at) => !isConfirmed(row, at)).map(({ id }) => id);
        const failure = results.find((result) => result.status === 'rejected');
        if (failure !== undefined) await this.#postpone(manager, failed, failure.reason);
        return confirmed.length;
      }),
    );
  }

  async #publish({ id, subject, payload, headers }: Row): Promise<void> {
    await publishConfirmed(this.#options.connection, subject, Buffer.from(payload), {
      ...headers,
      [MESSAGE_ID_HEADER]: id,
    });
  }

  async #postpone(manager: EntityManager, ids: string[], error: unknown): Promise<void> {
    const { schema, log } = this.#options;
    log.warn('outbox events are not confirmed and will be published again', { schema, events: ids.length, error });
    await manager.query(
      `UPDATE "${schema}".outbox SET attempts = attempts + 1,
         available_at = now() + least(60000, $2 * power(2, least(attempts, 10))) * interval '1 millisecond'
       WHERE id = ANY($1)`,
      [ids, RETRY_WAIT_MS],
    );
  }

  async #keepHouse(): Promise<void> {
    const now = performance.now();
    if (this.#housekeptAt !== 0 && now - this.#housekeptAt < HOUSEKEEPING_MS) return;
    this.#housekeptAt = now;
    const { database, schema, log } = this.#options;
    const { events, oldestMs } = await outboxBacklog(database.manager, schema);
    if (events > BACKLOG_EVENTS || oldestMs > BACKLOG_AGE_MS)
      log.warn('outbox backlog is growing', { schema, events, oldestMs });
    await pruneInbox(database.manager, schema, INBOX_KEPT_MS);
  }

  #pause(milliseconds: number): Promise<void> {
    return delay(milliseconds, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
