/** Publishes events to JetStream from memory, in batches, and retries until each is confirmed. */
import type { EventContract } from '@xerotier/contracts/define';
import { AppError } from '@xerotier/errors';
import { logContext } from '@xerotier/log';
import type { Logger } from '@xerotier/log';
import { endSpan, spansEnabled, traceparentOf } from '@xerotier/telemetry';
import type { TraceContext } from '@xerotier/telemetry';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { headerName } from './call-context.ts';
import type { BusConnection } from './connection.ts';
import { startSendSpan } from './event-spans.ts';
import { metrics } from './metrics.ts';
import { MESSAGE_ID_HEADER, publishConfirmed } from './publish-confirmed.ts';

const RETRY_WAIT_MS = 500;
/** Maximum size of a message in characters of JSON, well below that of NATS in bytes. */
const BATCH_CHARACTERS_MAX = 512 * 1024;

export interface PublisherOptions {
  /** Maximum number of unconfirmed events. Default 50,000 (about 50 MB). */
  readonly pendingMax?: number | undefined;
  /** Maximum size of unconfirmed events, in characters of JSON. Unlimited by default. */
  readonly pendingCharactersMax?: number | undefined;
  /** Maximum number of events per message. Default 200. */
  readonly batchMax?: number | undefined;
  /** How long an event waits for others, which it then shares a message with. Default 10. */
  readonly batchWaitMs?: number | undefined;
}

/**
 * Publishes events and retries until JetStream has confirmed them. Events within a few milliseconds are sent as one
 * message, which costs the server as much as one event; the message id makes a retry harmless. At its limit it rejects
 * further events: the caller decides what to do. Events are kept in memory only: an event that must survive the process
 * belongs in `@xerotier/outbox`.
 */
export class DurablePublisher<C extends EventContract> {
  readonly #connection: BusConnection;
  readonly #contract: C;
  readonly #pendingMax: number;
  readonly #pendingCharactersMax: number;
  readonly #batchMax: number;
  readonly #batchWaitMs: number;
  readonly #log: Logger;
  readonly #sending = new Set<Promise<void>>();
  #batch: string[] = [];
  #batchCharacters = 0;
  /** The traces of the events in the batch; empty while tracing is off. */
  #origins: TraceContext[] = [];
  #pending = 0;
  #pendingCharacters = 0;
  #timer: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(connection: BusConnection, contract: C, log: Logger, options: PublisherOptions = {}) {
    this.#connection = connection;
    this.#contract = contract;
    this.#pendingMax = options.pendingMax ?? 50_000;
    this.#pendingCharactersMax = options.pendingCharactersMax ?? Infinity;
    this.#batchMax = options.batchMax ?? 200;
    this.#batchWaitMs = options.batchWaitMs ?? 10;
    this.#log = log;
  }

  /** Number of events that JetStream has not confirmed yet. */
  get pending(): number {
    return this.#pending;
  }

  /** @returns false when too many events are pending: this one was rejected. */
  publish(data: z.input<C['data']>): boolean {
    if (this.#pending >= this.#pendingMax) return false;
    const text = JSON.stringify(data);
    if (this.#pendingCharacters + text.length > this.#pendingCharactersMax) return false;
    this.#pendingCharacters += text.length;
    this.#batch.push(text);
    this.#batchCharacters += text.length;
    const origin = spansEnabled() ? logContext() : undefined;
    if (origin !== undefined) this.#origins.push(origin);
    this.#pending += 1;
    if (this.#batch.length >= this.#batchMax || this.#batchCharacters >= BATCH_CHARACTERS_MAX) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), this.#batchWaitMs);
    return true;
  }

  /** Waits until all events are confirmed, or the timeout. Returns the number of unconfirmed events. */
  async close(timeoutMs: number): Promise<number> {
    this.#flush();
    await Promise.race([Promise.all(this.#sending), delay(timeoutMs, undefined, { ref: false })]);
    this.#closing = true;
    return this.#pending;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#batch.length === 0) return;
    const events = this.#batch;
    const characters = this.#batchCharacters;
    const origins = this.#origins;
    this.#batch = [];
    this.#batchCharacters = 0;
    this.#origins = [];
    const sending = this.#send(events, origins).finally(() => {
      this.#sending.delete(sending);
      this.#pending -= events.length;
      this.#pendingCharacters -= characters;
    });
    this.#sending.add(sending);
  }

  async #send(events: readonly string[], origins: readonly TraceContext[]): Promise<void> {
    const { subject, stream = '' } = this.#contract;
    const payload = Buffer.from(`[${events.join(',')}]`);
    const span = startSendSpan(subject, events.length, origins);
    const headers = { [MESSAGE_ID_HEADER]: randomUUID(), [headerName.traceparent]: traceparentOf(span) };
    for (let attempt = 1; !this.#closing; attempt += 1) {
      try {
        await publishConfirmed(this.#connection, subject, payload, headers);
        metrics.publishedEvents.inc({ stream }, events.length);
        return endSpan(span);
      } catch (error) {
        if (attempt === 1) this.#log.warn('event publish failed, retrying', { subject, error });
        await delay(RETRY_WAIT_MS * Math.min(attempt, 10));
      }
    }
    endSpan(span, new AppError('bus.disconnected'));
  }
}
