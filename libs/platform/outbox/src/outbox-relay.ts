/**
 * Moves committed events from the outbox to JetStream, and deletes them once the consumers have handled them. It may be
 * killed at any moment: an event whose publication was not noted is published again under the same message id, which
 * the stream drops within two minutes, and the consumer's inbox after that. Replicas share the rows (`SKIP LOCKED`), so
 * events are unordered.
 */
import { assertSchemaName, withDbErrors } from '@xerotier/db';
import type { EventContract } from '@xerotier/contracts/define';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { ensureStream, MESSAGE_ID_HEADER, publishConfirmed, streamNameOf } from '@xerotier/nats';
import type { BusConnection, PublishedMessage } from '@xerotier/nats';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';
import { pruneInbox } from './inbox.ts';
import { metrics } from './metrics.ts';
import { outboxBacklog } from './outbox.ts';
import { PublishedEvents } from './published-events.ts';

export interface OutboxRelayOptions {
  readonly database: DataSource;
  readonly connection: BusConnection;
  readonly schema: string;
  readonly log: Logger;
  /**
   * Contracts of the events, whose streams the relay creates, also after NATS has lost them: otherwise the first events
   * wait for a consumer, which may not exist yet.
   */
  readonly events: readonly EventContract[];
  /** Poll interval of an empty outbox: the maximum delay of an event. Default 250. */
  readonly pollMs?: number;
  /** Maximum number of events per transaction. Default 100. */
  readonly batchMax?: number;
}

export interface OutboxRelay {
  /** Resolves when the current batch is published. */
  stop(): Promise<void>;
}

const POLL_MS = 250;
const BATCH_MAX = 100;
/** Backoff of an event that could not be published, doubled each time up to a minute. */
const RETRY_WAIT_MS = 500;
/** How often it is looked up what consumers have handled. */
const CONFIRM_INTERVAL_MS = 1_000;
const MAINTENANCE_INTERVAL_MS = 60_000;
const INBOX_RETENTION_MS = 30 * 24 * 60 * 60 * 1_000;
/** A backlog of more or older events than this is logged once a minute. */
const BACKLOG_EVENTS = 10_000;
const BACKLOG_AGE_MS = 60_000;

/** Publishes events until stopped; waits during an outage of the database or the bus. */
export function startOutboxRelay(options: OutboxRelayOptions): OutboxRelay {
  assertSchemaName(options.schema);
  const relay = new Relay(options);
  const done = relay.run();
  const endMetrics = observeBacklog(options);
  return {
    stop: () => {
      endMetrics();
      relay.stop();
      return done;
    },
  };
}

/** Read when they are scraped. @returns what ends it. */
function observeBacklog({ database, schema }: OutboxRelayOptions): () => void {
  const backlog = (): ReturnType<typeof outboxBacklog> => outboxBacklog(database.manager, schema);
  const ends = [
    metrics.pending.observe(async () => [[{ schema }, (await backlog()).events]]),
    metrics.oldestAge.observe(async () => [[{ schema }, (await backlog()).oldestMs / 1_000]]),
  ];
  return () => ends.forEach((end) => end());
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
  readonly #published: PublishedEvents;
  #maintainedAt = 0;
  #confirmedAt = 0;
  #hasStreams = false;

  constructor(options: OutboxRelayOptions) {
    this.#options = options;
    this.#published = new PublishedEvents(options.database, options.connection, options.schema);
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
        await this.#ensureStreams();
        const published = await this.#publishBatch();
        if (published < this.#batchMax) await this.#pause(pollMs);
        await this.#confirm();
        failures = 0;
        await this.#runMaintenance();
      } catch (error) {
        failures += 1;
        if (failures === 1) log.warn('outbox relay failed, retrying', { schema, error });
        await this.#pause(RETRY_WAIT_MS);
      }
    }
  }

  async #ensureStreams(): Promise<void> {
    const { connection, events } = this.#options;
    if (this.#hasStreams) return;
    if (!connection.isConnected()) throw new AppError('bus.disconnected');
    for (const contract of events) {
      await ensureStream(connection, contract);
      await this.#published.know(streamNameOf(contract));
    }
    this.#hasStreams = true;
  }

  async #confirm(): Promise<void> {
    const now = performance.now();
    if (this.#stopping.signal.aborted || now - this.#confirmedAt < CONFIRM_INTERVAL_MS) return;
    this.#confirmedAt = now;
    if (await this.#published.confirm()) this.#hasStreams = false;
  }

  /**
   * @returns how many events were confirmed.
   * @throws {AppError} `bus.disconnected` or `db.unavailable`: the events stay as they are.
   */
  async #publishBatch(): Promise<number> {
    const { connection, database, schema } = this.#options;
    // Messages published while disconnected would be sent after the reconnect, when their confirmation has timed out.
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
        const confirmed = rows.flatMap(({ id }, at) => {
          const result = results[at];
          return result?.status === 'fulfilled' ? [{ id, ...result.value }] : [];
        });
        await this.#published.keep(manager, confirmed);
        const failed = rows.filter((_, at) => results[at]?.status === 'rejected').map(({ id }) => id);
        const failure = results.find((result) => result.status === 'rejected');
        if (failure !== undefined) await this.#postpone(manager, failed, failure.reason);
        return confirmed.length;
      }),
    );
  }

  #publish({ id, subject, payload, headers }: Row): Promise<PublishedMessage> {
    return publishConfirmed(this.#options.connection, subject, Buffer.from(payload), {
      ...headers,
      [MESSAGE_ID_HEADER]: id,
    });
  }

  async #postpone(manager: EntityManager, ids: string[], error: unknown): Promise<void> {
    const { schema, log } = this.#options;
    // Perhaps because their stream is lost.
    this.#hasStreams = false;
    log.warn('outbox publish failed, retrying', { schema, events: ids.length, error });
    await manager.query(
      `UPDATE "${schema}".outbox SET attempts = attempts + 1,
         available_at = now() + least(60000, $2 * power(2, least(attempts, 10))) * interval '1 millisecond'
       WHERE id = ANY($1)`,
      [ids, RETRY_WAIT_MS],
    );
  }

  async #runMaintenance(): Promise<void> {
    const now = performance.now();
    if (this.#maintainedAt !== 0 && now - this.#maintainedAt < MAINTENANCE_INTERVAL_MS) return;
    this.#maintainedAt = now;
    const { database, schema, log } = this.#options;
    const { events, oldestMs } = await outboxBacklog(database.manager, schema);
    if (events > BACKLOG_EVENTS || oldestMs > BACKLOG_AGE_MS)
      log.warn('outbox backlog above threshold', { schema, events, oldestMs });
    await pruneInbox(database.manager, schema, INBOX_RETENTION_MS);
    await this.#published.prune();
  }

  #pause(milliseconds: number): Promise<void> {
    return delay(milliseconds, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
