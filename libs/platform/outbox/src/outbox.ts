/** Writes events as rows, in the transaction of the change they report. */
import { subjectOf } from '@xerotier/contracts/define';
import type { EventContract, TemplateValues } from '@xerotier/contracts/define';
import { assertSchemaName, withDbErrors } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import { logContext } from '@xerotier/log';
import { attribute, endSpan, SpanKind, startSpan, traceparentOf } from '@xerotier/telemetry';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { assertInTransaction } from './assert-in-transaction.ts';

/** Well below the maximum size of a NATS message. */
const PAYLOAD_BYTES_MAX = 512 * 1024;
const EVENTS_MAX = 100_000;

export interface OutboxOptions<S extends string = string> {
  /** The schema of the service, where `createOutboxTables` has run. */
  readonly schema: string;
  /** Values for the `{names}` of the event's subject. */
  readonly values?: TemplateValues<S>;
  /** Maximum number of unpublished events; further ones are rejected. Default 100,000. */
  readonly eventsMax?: number;
}

/**
 * Adds an event that is published if and when the transaction commits, once or more; its id is the message id.
 * @returns the id of the event.
 * @throws {AppError} `outbox.full` when too many events are unpublished: the relay has not published for long.
 * `db.unavailable`.
 * @throws {Error} outside a transaction; for an event without a stream, or that does not match its contract; above 512
 * KiB.
 */
export function addToOutbox<S extends string, D extends z.ZodType>(
  manager: EntityManager,
  contract: EventContract<S, D>,
  data: z.input<D>,
  options: OutboxOptions<S>,
): Promise<string> {
  return addAllToOutbox(manager, contract, [data], options);
}

/** Adds events that are published as one message, of which consumers receive each. Otherwise as `addToOutbox`. */
export async function addAllToOutbox<S extends string, D extends z.ZodType>(
  manager: EntityManager,
  contract: EventContract<S, D>,
  events: readonly z.input<D>[],
  options: OutboxOptions<S>,
): Promise<string> {
  const { schema, eventsMax = EVENTS_MAX } = options;
  assertSchemaName(schema);
  assertInTransaction(manager);
  if (contract.stream === undefined) throw new Error(`${contract.subject} has no stream in its contract.`);
  const subject = subjectOf(contract, options.values ?? ({} as never));
  for (const data of events) contract.data.parse(data);
  const payload = JSON.stringify(events);
  if (Buffer.byteLength(payload) > PAYLOAD_BYTES_MAX)
    throw new RangeError(`Event on ${subject} exceeds ${PAYLOAD_BYTES_MAX} bytes`);
  const id = randomUUID();
  const { requestId, traceparent, tracestate } = logContext() ?? {};
  const span = startSpan(`create ${contract.subject}`, {
    kind: SpanKind.PRODUCER,
    attributes: {
      [attribute.messagingSystem]: 'nats',
      [attribute.messagingOperationType]: 'create',
      [attribute.messagingDestinationName]: contract.subject,
    },
  });
  // The relay sends these on: the consumer's span is linked to this one.
  const headers = JSON.stringify({
    'Xero-Request-Id': requestId,
    traceparent: traceparentOf(span) ?? traceparent,
    tracestate,
  });
  const written = await withDbErrors(() =>
    manager.query<unknown[]>(
      `INSERT INTO "${schema}".outbox (id, subject, payload, headers)
       SELECT $1, $2, $3, $4
       WHERE (SELECT count(*) FROM (SELECT 1 FROM "${schema}".outbox WHERE available_at < 'infinity' LIMIT $5) AS waiting) < $5::bigint
       RETURNING id`,
      [id, subject, payload, headers, eventsMax],
    ),
  ).catch((error: unknown) => {
    endSpan(span, AppError.from(error));
    throw error;
  });
  const failure = written.length === 0 ? new AppError('outbox.full', { eventsMax }) : undefined;
  endSpan(span, failure);
  if (failure !== undefined) throw failure;
  return id;
}

export interface OutboxBacklog {
  readonly events: number;
  /** Age of the oldest unpublished event; 0 when there is none. */
  readonly oldestMs: number;
}

/** Returns the unpublished events: for metrics and alerts. */
export async function outboxBacklog(manager: EntityManager, schema: string): Promise<OutboxBacklog> {
  assertSchemaName(schema);
  const [row] = await withDbErrors(() =>
    manager.query<{ events: string; oldest_ms: string }[]>(
      `SELECT count(*) AS events,
              coalesce(extract(epoch FROM now() - min(created_at)) * 1000, 0)::bigint AS oldest_ms
       FROM "${schema}".outbox WHERE available_at < 'infinity'`,
    ),
  );
  return { events: Number(row?.events), oldestMs: Number(row?.oldest_ms) };
}
