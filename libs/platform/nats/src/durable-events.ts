/**
 * Events that must not be lost: JetStream keeps them until a consumer has acted on them. JetStream drops the repeat of
 * a message within its window; that an event has its effect once is up to the consumer's own table, for ever.
 */
import { AckPolicy, jetstream, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import type { Consumer, JsMsg } from '@nats-io/jetstream';
import { wildcardOf } from '@xerotier/contracts/define';
import type { EventContract } from '@xerotier/contracts/define';
import type { Logger } from '@xerotier/log';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { decode } from './codec.ts';
import type { BusConnection } from './connection.ts';
import { encodeHeaders } from './message-headers.ts';

/** Bounds of what a stream keeps: when a consumer is away for longer, its oldest events go. */
const STREAM_BYTES_MAX = 4 * 1024 * 1024 * 1024;
const NANOSECONDS = 1_000_000;
const DUPLICATE_WINDOW_MS = 120_000;
const ACK_WAIT_MS = 30_000;
const PUBLISH_TIMEOUT_MS = 5_000;
const RETRY_WAIT_MS = 500;
/** Bounds of one message: events, bytes (well below what NATS takes), and how long an event waits for company. */
const BATCH_EVENTS_MAX = 200;
const BATCH_BYTES_MAX = 512 * 1024;
const BATCH_WAIT_MS = 10;

/** Creates the stream that keeps an event, unless it is there. */
export async function ensureStream(
  { nats }: BusConnection,
  contract: EventContract & { stream?: string },
): Promise<void> {
  const manager = await jetstreamManager(nats);
  const name = streamNameOf(contract);
  await manager.streams.info(name).catch(() =>
    manager.streams.add({
      name,
      subjects: [wildcardOf(contract)],
      retention: RetentionPolicy.Workqueue,
      storage: StorageType.File,
      max_bytes: STREAM_BYTES_MAX,
      duplicate_window: DUPLICATE_WINDOW_MS * NANOSECONDS,
    }),
  );
}

/**
 * Publishes events and keeps each until JetStream has confirmed it, sending it again until then. Events of a few
 * milliseconds leave as one message, which costs the server as much as one event would; the message id makes a repeat harmless.
 * At its bound it refuses: the caller decides what that means.
 */
export class DurablePublisher<C extends EventContract> {
  readonly #connection: BusConnection;
  readonly #contract: C;
  readonly #pendingMax: number;
  readonly #log: Logger;
  readonly #sending = new Set<Promise<void>>();
  #batch: string[] = [];
  #batchBytes = 0;
  #pending = 0;
  #timer: NodeJS.Timeout | undefined;
  #closing = false;

  /** @param pendingMax events that may wait for their confirmation; default 50,000 (about 50 MB). */
  constructor(connection: BusConnection, contract: C, log: Logger, pendingMax = 50_000) {
    this.#connection = connection;
    this.#contract = contract;
    this.#pendingMax = pendingMax;
    this.#log = log;
  }

  /** Events that JetStream has not confirmed yet. */
  get pending(): number {
    return this.#pending;
  }

  /** @returns false when too many events wait already: this one was not taken. */
  publish(data: z.input<C['data']>): boolean {
    if (this.#pending >= this.#pendingMax) return false;
    const text = JSON.stringify(data);
    this.#batch.push(text);
    this.#batchBytes += text.length;
    this.#pending += 1;
    if (this.#batch.length >= BATCH_EVENTS_MAX || this.#batchBytes >= BATCH_BYTES_MAX) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), BATCH_WAIT_MS);
    return true;
  }

  /** Waits until everything is confirmed, or the time is over. Returns how many events are not. */
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
    this.#batch = [];
    this.#batchBytes = 0;
    const sending = this.#send(Buffer.from(`[${events.join(',')}]`), randomUUID()).finally(() => {
      this.#sending.delete(sending);
      this.#pending -= events.length;
    });
    this.#sending.add(sending);
  }

  async #send(payload: Uint8Array, id: string): Promise<void> {
    const headers = encodeHeaders({ 'Nats-Msg-Id': id });
    for (let attempt = 1; !this.#closing; attempt += 1) {
      try {
        const answer = await this.#connection.requests.ask(this.#contract.subject, payload, {
          timeoutMs: PUBLISH_TIMEOUT_MS,
          headers,
        });
        const { error } = decode(acknowledgement, answer.data, this.#contract.subject);
        if (error === undefined) return;
        throw new Error(`JetStream answered: ${error.description}`);
      } catch (error) {
        if (attempt === 1) this.#log.warn('events are not confirmed yet', { subject: this.#contract.subject, error });
        await delay(RETRY_WAIT_MS * Math.min(attempt, 10));
      }
    }
  }
}

/** What JetStream answers to a publish. */
const acknowledgement = z.object({ error: z.object({ description: z.string() }).optional() });

export interface ConsumeOptions {
  /** Name of the durable consumer: replicas that share it share the work. */
  readonly durable: string;
  /** Events handed over at once. Default 200. */
  readonly batchMax?: number;
  readonly log: Logger;
}

export interface Consuming {
  /** Finishes the batch at hand and stops. */
  stop(): Promise<void>;
}

/**
 * Hands over events in batches until stopped. A batch is confirmed when the handler resolves; when it rejects, all of
 * it comes again after a pause. An event that does not fit its contract is logged and dropped for good.
 */
export async function consumeEvents<C extends EventContract>(
  connection: BusConnection,
  contract: C,
  handler: (events: z.output<C['data']>[]) => Promise<void>,
  options: ConsumeOptions,
): Promise<Consuming> {
  let stopping = false;
  const consumer = await openConsumer(connection, contract, options.durable);
  const loop = async (): Promise<void> => {
    let source = consumer;
    while (!stopping) {
      try {
        const messages = await source.fetch({ max_messages: options.batchMax ?? 200, expires: 1_000 });
        const batch: JsMsg[] = [];
        for await (const message of messages) batch.push(message);
        if (batch.length > 0) await handle(contract, batch, handler, options.log);
      } catch (error) {
        if (stopping) return;
        options.log.warn('events cannot be fetched', { subject: contract.subject, error });
        await delay(RETRY_WAIT_MS);
        source = await openConsumer(connection, contract, options.durable).catch(() => source);
      }
    }
  };
  const done = loop();
  return {
    stop: () => {
      stopping = true;
      return done;
    },
  };
}

async function openConsumer(connection: BusConnection, contract: EventContract, durable: string): Promise<Consumer> {
  await ensureStream(connection, contract);
  const manager = await jetstreamManager(connection.nats);
  const name = streamNameOf(contract);
  await manager.consumers.info(name, durable).catch(() =>
    manager.consumers.add(name, {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      ack_wait: ACK_WAIT_MS * NANOSECONDS,
      max_ack_pending: 10_000,
    }),
  );
  return jetstream(connection.nats).consumers.get(name, durable);
}

async function handle<C extends EventContract>(
  contract: C,
  batch: JsMsg[],
  handler: (events: z.output<C['data']>[]) => Promise<void>,
  log: Logger,
): Promise<void> {
  const events: z.output<C['data']>[] = [];
  const readable: JsMsg[] = [];
  for (const message of batch) {
    try {
      events.push(...(decode(z.array(contract.data), message.data, message.subject) as z.output<C['data']>[]));
      readable.push(message);
    } catch (error) {
      log.error('an event does not fit its contract and is dropped', {
        subject: message.subject,
        sequence: message.seq,
        error,
      });
      message.term();
    }
  }
  try {
    if (events.length > 0) await handler(events);
    for (const message of readable) message.ack();
  } catch (error) {
    log.error('events could not be handled and will come again', {
      subject: contract.subject,
      events: events.length,
      error,
    });
    for (const message of readable) message.nak(RETRY_WAIT_MS);
  }
}

function streamNameOf(contract: EventContract): string {
  if (contract.stream === undefined)
    throw new Error(`${contract.subject} names no stream in its contract, so nothing would keep it.`);
  return contract.stream;
}
