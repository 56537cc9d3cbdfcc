/**
 * Events that JetStream has, and that not every consumer has handled. Their rows stay in the outbox until then: a NATS server may lose its
 * streams at any time, and a consumer that was killed gets its messages again only half a minute later. If a stream was lost, they are
 * published again.
 */
import { assertSchemaName, withDbErrors } from '@xerotier/db';
import { readStreamProgress } from '@xerotier/nats';
import type { BusConnection, PublishedMessage } from '@xerotier/nats';
import type { DataSource, EntityManager } from 'typeorm';

/** Beyond these, events are left to JetStream alone: a durable consumer may be gone for good. */
const KEPT_MAX = 10_000;
const KEPT_MS = 60 * 60 * 1_000;

/** In `headers`, beside those of the message: where it was published. Such a row is not available before the end of time. */
const PUBLISHED = 'published';

export interface PublishedEvent extends PublishedMessage {
  /** Of its row. */
  readonly id: string;
}

export class PublishedEvents {
  readonly #database: DataSource;
  readonly #connection: BusConnection;
  readonly #schema: string;
  /** When each stream was created, as it was known before anything was published to it. */
  readonly #created = new Map<string, string>();

  constructor(database: DataSource, connection: BusConnection, schema: string) {
    assertSchemaName(schema);
    this.#database = database;
    this.#connection = connection;
    this.#schema = schema;
  }

  /** To be called before events are published to a stream. @throws {Error} if JetStream does not respond. */
  async know(stream: string): Promise<void> {
    const progress = await readStreamProgress(this.#connection, stream);
    if (progress !== undefined) this.#created.set(stream, progress.created);
  }

  /** Keeps the rows of events that were published, or deletes those of unknown streams. */
  async keep(manager: EntityManager, events: readonly PublishedEvent[]): Promise<void> {
    const known = events.filter(({ stream }) => this.#created.has(stream));
    const unknown = events.filter(({ stream }) => !this.#created.has(stream)).map(({ id }) => id);
    if (unknown.length > 0) await manager.query(`DELETE FROM "${this.#schema}".outbox WHERE id = ANY($1)`, [unknown]);
    if (known.length === 0) return;
    await manager.query(
      `UPDATE "${this.#schema}".outbox SET available_at = 'infinity',
         headers = headers::jsonb || jsonb_build_object('${PUBLISHED}',
           jsonb_build_object('stream', stream, 'created', created, 'sequence', sequence))
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[]) AS published (event, stream, created, sequence)
       WHERE id = event`,
      [
        known.map(({ id }) => id),
        known.map(({ stream }) => stream),
        known.map(({ stream }) => this.#created.get(stream)),
        known.map(({ sequence }) => sequence),
      ],
    );
  }

  /**
   * Deletes events that all consumers have handled, and makes those available again whose stream was lost.
   * @returns whether a stream is missing.
   * @throws {AppError} `db.unavailable`. @throws {Error} if JetStream does not respond.
   */
  async confirm(): Promise<boolean> {
    const published = `headers::jsonb -> '${PUBLISHED}'`;
    const rows = await this.#query<{ stream: string }>(
      `SELECT DISTINCT ${published} ->> 'stream' AS stream FROM "${this.#schema}".outbox WHERE available_at = 'infinity'`,
    );
    let isMissing = false;
    for (const { stream } of rows) {
      const progress = await readStreamProgress(this.#connection, stream);
      isMissing ||= progress === undefined;
      if (progress === undefined) continue;
      const { created, handledSequence } = progress;
      this.#created.set(stream, created);
      const ofStream = `available_at = 'infinity' AND ${published} ->> 'stream' = $1`;
      await this.#query(
        `DELETE FROM "${this.#schema}".outbox WHERE ${ofStream} AND ${published} ->> 'created' = $2
           AND (${published} ->> 'sequence')::bigint <= $3`,
        [stream, created, handledSequence],
      );
      await this.#query(
        `UPDATE "${this.#schema}".outbox SET available_at = now(), headers = headers::jsonb - '${PUBLISHED}'
         WHERE ${ofStream} AND ${published} ->> 'created' <> $2`,
        [stream, created],
      );
    }
    return isMissing;
  }

  /** Deletes what is beyond the bounds. @throws {AppError} `db.unavailable`. */
  async prune(): Promise<void> {
    await this.#query(
      `DELETE FROM "${this.#schema}".outbox WHERE available_at = 'infinity' AND (created_at < now() - $2 * interval '1 ms'
         OR position <= (SELECT position FROM "${this.#schema}".outbox WHERE available_at = 'infinity'
           ORDER BY position DESC OFFSET $1 LIMIT 1))`,
      [KEPT_MAX, KEPT_MS],
    );
  }

  #query<R>(text: string, parameters: readonly unknown[] = []): Promise<R[]> {
    return withDbErrors(() => this.#database.query<R[]>(text, [...parameters]));
  }
}
