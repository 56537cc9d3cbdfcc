/**
 * A durable consumer: passes the events of a stream to one handler, each at least once. Consumers are independent of
 * each other; replicas with the same durable name share the work.
 *
 * - A message is acknowledged after the handler resolved, never before.
 * - While the handler runs, `working` acknowledgements keep JetStream from redelivering its messages to another
 * replica.
 * - A failed batch is retried message by message: one bad message does not block the others.
 * - A failed message is redelivered with a growing backoff; after its last delivery it becomes a dead letter. A message
 * that does not match its contract does so at once.
 * - During an outage (of the database, of the bus) the consumer keeps the batch and retries until the outage is over.
 */
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { Consumer, JsMsg } from '@nats-io/jetstream';
import type { EventContract } from '@xerotier/contracts/define';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { endSpan, spansEnabled, withSpan } from '@xerotier/telemetry';
import type { TraceContext } from '@xerotier/telemetry';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { headerName } from './call-context.ts';
import { decode } from './codec.ts';
import type { BusConnection } from './connection.ts';
import { publishDeadLetter } from './dead-letters.ts';
import { startProcessSpan } from './event-spans.ts';
import { ensureDeadLetterStream, ensureStream, NANOSECONDS, orMissing, streamNameOf } from './event-streams.ts';
import { metrics } from './metrics.ts';
import { MESSAGE_ID_HEADER } from './publish-confirmed.ts';

export interface ConsumeOptions {
  /** Name of the durable consumer, one subject token: replicas with the same name share the work. */
  readonly durable: string;
  /** Maximum number of messages passed at once. Default 200. */
  readonly batchMax?: number;
  /** Maximum number of deliveries before a message becomes a dead letter. Default 10. */
  readonly deliveriesMax?: number;
  /**
   * Backoff after the first failed delivery, the second, and so on; the last one applies to all that follow. Default
   * 0.5 s to 60 s.
   */
  readonly backoffMs?: readonly number[];
  /** How long JetStream waits for an acknowledgement before it redelivers a message; 2 s or more. Default 30 s. */
  readonly ackWaitMs?: number;
  readonly log: Logger;
}

/** Metadata of one event. */
export interface EventDelivery {
  /** The same for each delivery of this event: for `withInbox`. */
  readonly id: string;
  /** 1 for the first delivery. */
  readonly deliveries: number;
}

export type EventHandler<C extends EventContract> = (
  events: z.output<C['data']>[],
  /** For each event, at the same index. */
  deliveries: readonly EventDelivery[],
) => Promise<void>;

export interface Consuming {
  /** Stops fetching, and resolves when the current batch is done. */
  stop(): Promise<void>;
}

const BACKOFF_MS = [500, 2_000, 10_000, 30_000, 60_000] as const;
const FETCH_EXPIRES_MS = 1_000;
const RETRY_WAIT_MS = 500;
/** Short, because nothing else can be handled during an outage. */
const OUTAGE_RETRY_MAX_MS = 2_000;
const ACK_PENDING_MAX = 10_000;

/** Starts to consume, until stopped. */
export async function consumeEvents<C extends EventContract>(
  connection: BusConnection,
  contract: C,
  handler: EventHandler<C>,
  options: ConsumeOptions,
): Promise<Consuming> {
  const consumer = new EventConsumer(connection, contract, handler, options);
  const done = consumer.run(await consumer.open());
  return {
    stop: () => {
      consumer.stop();
      return done;
    },
  };
}

/** A message and its parsed events. */
interface Readable<C extends EventContract> {
  readonly message: JsMsg;
  readonly events: z.output<C['data']>[];
}

class EventConsumer<C extends EventContract> {
  readonly #connection: BusConnection;
  readonly #contract: C;
  /** A message has one or more events. */
  readonly #events: z.ZodType;
  readonly #handler: EventHandler<C>;
  readonly #durable: string;
  readonly #batchMax: number;
  readonly #deliveriesMax: number;
  readonly #backoffMs: readonly number[];
  readonly #ackWaitMs: number;
  readonly #log: Logger;
  readonly #stopping = new AbortController();

  constructor(connection: BusConnection, contract: C, handler: EventHandler<C>, options: ConsumeOptions) {
    this.#connection = connection;
    this.#contract = contract;
    this.#events = z.array(contract.data);
    this.#handler = handler;
    this.#durable = options.durable;
    this.#batchMax = options.batchMax ?? 200;
    this.#deliveriesMax = options.deliveriesMax ?? 10;
    this.#backoffMs = options.backoffMs ?? BACKOFF_MS;
    this.#ackWaitMs = options.ackWaitMs ?? 30_000;
    this.#log = options.log;
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Returns the consumer of the event's stream, created or updated as needed. */
  async open(): Promise<Consumer> {
    await ensureStream(this.#connection, this.#contract);
    await ensureDeadLetterStream(this.#connection, streamNameOf(this.#contract));
    return this.#consumerOf(streamNameOf(this.#contract));
  }

  async run(first: Consumer): Promise<void> {
    await this.#drainReplacedStream();
    let consumer = first;
    while (!this.#stopped) {
      try {
        await this.#consumeOnce(consumer);
      } catch (error) {
        if (this.#stopped) return;
        this.#log.warn('event fetch failed, retrying', {
          subject: this.#contract.subject,
          consumer: this.#durable,
          error,
        });
        await this.#pause(RETRY_WAIT_MS);
        consumer = await this.open().catch(() => consumer);
      }
    }
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #consumerOf(stream: string): Promise<Consumer> {
    const manager = await jetstreamManager(this.#connection.nats);
    // Without a limit of deliveries: JetStream would drop the message silently. This consumer counts deliveries itself.
    const wanted = { ack_wait: this.#ackWaitMs * NANOSECONDS, max_ack_pending: ACK_PENDING_MAX };
    const existing = await orMissing(manager.consumers.info(stream, this.#durable));
    if (existing === undefined) {
      await manager.consumers.add(stream, { ...wanted, durable_name: this.#durable, ack_policy: AckPolicy.Explicit });
    } else if (existing.config.ack_wait !== wanted.ack_wait || existing.config.max_ack_pending !== ACK_PENDING_MAX) {
      await manager.consumers.update(stream, this.#durable, wanted);
    }
    return jetstream(this.#connection.nats).consumers.get(stream, this.#durable);
  }

  /** Drains the stream of an earlier release that this one replaces, then deletes it. */
  async #drainReplacedStream(): Promise<void> {
    const name = this.#contract.replacesStream;
    if (name === undefined) return;
    try {
      const manager = await jetstreamManager(this.#connection.nats);
      while (!this.#stopped) {
        const { state } = (await orMissing(manager.streams.info(name))) ?? {};
        if (state === undefined) return;
        if (state.messages === 0) await orMissing(manager.streams.delete(name));
        else await this.#consumeOnce(await this.#consumerOf(name));
      }
    } catch (error) {
      // The consumer of another process, or an unavailable server: the next start retries.
      this.#log.warn('replaced stream drain failed', { stream: name, consumer: this.#durable, error });
    }
  }

  async #consumeOnce(consumer: Consumer): Promise<void> {
    const fetched = await consumer.fetch({ max_messages: this.#batchMax, expires: FETCH_EXPIRES_MS });
    const batch: JsMsg[] = [];
    let failure: Error | undefined;
    try {
      for await (const message of fetched) batch.push(message);
    } catch (error) {
      // JetStream redelivers what it has sent before only after the ack wait.
      failure = error as Error;
    }
    if (batch.length > 0) await this.#handleBatch(batch);
    if (failure !== undefined) throw failure;
  }

  async #handleBatch(batch: readonly JsMsg[]): Promise<void> {
    const working = setInterval(() => this.#extendAckWait(batch), this.#ackWaitMs / 3);
    try {
      const readable: Readable<C>[] = [];
      for (const message of batch) {
        const read = await this.#read(message);
        if (read !== undefined) readable.push(read);
      }
      if (readable.length === 0) return;
      const failure = await this.#attempt(readable);
      if (failure === undefined) for (const { message } of readable) this.#ack(message);
      else if (readable.length === 1 || isOutage(failure)) {
        for (const { message } of readable) await this.#retry(message, failure);
      } else await this.#handleOneByOne(readable);
    } finally {
      clearInterval(working);
    }
  }

  /** Has no effect for messages that are acknowledged. */
  #extendAckWait(batch: readonly JsMsg[]): void {
    // A closing process has closed its connection: the messages go to another replica.
    if (this.#connection.nats.isClosed()) return;
    for (const message of batch) message.working();
  }

  async #handleOneByOne(readable: readonly Readable<C>[]): Promise<void> {
    for (const one of readable) {
      const failure = await this.#attempt([one]);
      if (failure === undefined) this.#ack(one.message);
      else await this.#retry(one.message, failure);
    }
  }

  /** Parses the events of a message; returns undefined when it became a dead letter. */
  async #read(message: JsMsg): Promise<Readable<C> | undefined> {
    try {
      const events = decode(this.#events, message.data, message.subject) as z.output<C['data']>[];
      // A process that crashes on a message cannot report it: the number of deliveries is the only sign.
      if (message.info.deliveryCount <= this.#deliveriesMax) return { message, events };
      await this.#deadLetter(message, new AppError('events.deliveries_exceeded', { deliveries: this.#deliveriesMax }));
    } catch (error) {
      await this.#deadLetter(message, AppError.from(error));
    }
    return undefined;
  }

  /** Returns the error of the handler; undefined when it has resolved. */
  async #attempt(readable: readonly Readable<C>[]): Promise<AppError | undefined> {
    const events = readable.flatMap((one) => one.events);
    const deliveries = readable.flatMap(deliveriesOf);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#handle(readable, events, deliveries);
        return undefined;
      } catch (error) {
        const failure = AppError.from(error);
        if (!isOutage(failure) || this.#stopped) return failure;
        if (attempt === 1) {
          const { code } = failure;
          this.#log.warn('event consumer paused during outage', { consumer: this.#durable, code, error });
        }
        await this.#pause(Math.min(this.#backoffOf(attempt), OUTAGE_RETRY_MAX_MS));
      }
    }
  }

  async #handle(
    readable: readonly Readable<C>[],
    events: z.output<C['data']>[],
    deliveries: readonly EventDelivery[],
  ): Promise<void> {
    const producers = spansEnabled() ? readable.map(producerOf) : [];
    const span = startProcessSpan(this.#contract.subject, this.#durable, producers);
    try {
      await withSpan(span, () => this.#handler(events, deliveries));
      endSpan(span);
    } catch (error) {
      endSpan(span, AppError.from(error));
      throw error;
    }
  }

  #ack(message: JsMsg): void {
    message.ack();
    this.#count('acked');
  }

  #count(outcome: 'acked' | 'retried' | 'dead_lettered'): void {
    const { stream = '' } = this.#contract;
    metrics.consumedMessages.inc({ stream, consumer: this.#durable, outcome });
    if (outcome === 'dead_lettered') metrics.deadLetters.inc({ stream, consumer: this.#durable });
  }

  async #retry(message: JsMsg, failure: AppError): Promise<void> {
    const { deliveryCount } = message.info;
    const fields = {
      subject: message.subject,
      consumer: this.#durable,
      sequence: message.seq,
      deliveries: deliveryCount,
    };
    if (deliveryCount >= this.#deliveriesMax && !isOutage(failure)) return this.#deadLetter(message, failure);
    this.#log.warn('event handler failed, redelivering', {
      ...fields,
      code: failure.code,
      error: failure.cause ?? failure,
    });
    message.nak(this.#backoffOf(deliveryCount));
    this.#count('retried');
  }

  async #deadLetter(message: JsMsg, failure: AppError): Promise<void> {
    const { deliveryCount: deliveries } = message.info;
    const fields = { subject: message.subject, consumer: this.#durable, sequence: message.seq, deliveries };
    try {
      await publishDeadLetter(this.#connection, this.#durable, message, failure.code);
      message.term();
      this.#count('dead_lettered');
      this.#log.error('event moved to dead-letter stream', {
        ...fields,
        code: failure.code,
        error: failure.cause ?? failure,
      });
    } catch (error) {
      this.#log.error('dead-letter publish failed', { ...fields, error });
      message.nak(this.#backoffOf(deliveries));
    }
  }

  #backoffOf(attempt: number): number {
    return this.#backoffMs[Math.min(attempt, this.#backoffMs.length) - 1] ?? RETRY_WAIT_MS;
  }

  #pause(milliseconds: number): Promise<void> {
    return delay(milliseconds, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

/** Whether a dependency of every event is unavailable. */
function isOutage({ code }: AppError): boolean {
  return code === 'db.unavailable' || code === 'bus.disconnected';
}

function producerOf({ message: { headers } }: Readable<EventContract>): TraceContext {
  return { traceparent: headers?.get(headerName.traceparent), tracestate: headers?.get(headerName.tracestate) };
}

/** A batching publisher assigns one id per message; its events are distinguished by their index. */
function deliveriesOf({ message, events }: Readable<EventContract>): EventDelivery[] {
  const { stream, streamSequence, deliveryCount } = message.info;
  const id = message.headers?.get(MESSAGE_ID_HEADER) || `${stream}.${streamSequence}`;
  return events.map((_, at) => ({ id: events.length === 1 ? id : `${id}.${at}`, deliveries: deliveryCount }));
}
