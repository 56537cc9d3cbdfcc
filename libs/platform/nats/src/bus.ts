/**
 * The message bus: serves and calls contracts over NATS. A service has one; all communication with other services goes
 * through it.
 */
import type { Msg } from '@nats-io/nats-core';
import { subjectOf, wildcardOf } from '@xerotier/contracts/define';
import type {
  EventContract,
  RequestContract,
  ServiceContract,
  StreamContract,
  TemplateValues,
} from '@xerotier/contracts/define';
import type { Logger } from '@xerotier/log';
import type { z } from 'zod';
import type { CallOptions } from './call-context.ts';
import { decode, encode } from './codec.ts';
import type { BusConnection } from './connection.ts';
import { livenessDefaults } from './liveness.ts';
import type { LivenessOptions } from './liveness.ts';
import { callOver, serveRequests } from './requests.ts';
import type { RequestHandler } from './requests.ts';
import type { SharedInput } from './shared-input.ts';
import { StreamCaller } from './stream-caller.ts';
import type { OpenStream, StreamSink } from './stream-caller.ts';
import { StreamServer } from './stream-server.ts';
import type { StreamHandler } from './stream-server.ts';

/** What a bus holds. All counts are 0 when it is idle. */
export interface BusLoad {
  /** Streams that this process has opened and that have not ended. */
  readonly openStreams: number;
  /** Streams that this process serves. */
  readonly servedStreams: number;
  /** Requests of this process without a response yet. */
  readonly pendingRequests: number;
  /** Bodies that exceed one message and that a server may still pull. */
  readonly keptBodies: number;
  /** Callers with an open frame writer. */
  readonly frameWriters: number;
  /** Running timers for liveness checks. */
  readonly heartbeats: number;
}

type Operations = Record<string, RequestContract | StreamContract>;

/** One handler for each operation of a service: a missing one does not compile. */
export type Handlers<Ops extends Operations> = {
  readonly [Name in keyof Ops]: Ops[Name] extends RequestContract
    ? RequestHandler<Ops[Name]>
    : Ops[Name] extends StreamContract
      ? StreamHandler<Ops[Name]>
      : never;
};

export interface BusOptions {
  readonly log: Logger;
  readonly liveness?: Partial<LivenessOptions>;
  /** Maximum number of requests of one operation that are in flight in this process. Default 4,096. */
  readonly inFlightMax?: number;
}

export interface ServeSettings<Values> {
  /** Values for the `{names}` of the subjects. */
  readonly values?: Values;
  /** Queue group; default the service's name. `null`: this process receives all messages of the subject. */
  readonly queue?: string | null;
}

export interface Serving {
  /** Accepts no new messages; those received before are still handled. Resolves once the server has confirmed it. */
  stop(): Promise<void>;
}

type ValuesOf<Ops extends Operations> = TemplateValues<Ops[keyof Ops]['subject']>;
type WithValues<S extends string> = keyof TemplateValues<S> extends never
  ? { values?: undefined }
  : { values: TemplateValues<S> };

const IN_FLIGHT_MAX = 4_096;

export class Bus {
  readonly #connection: BusConnection;
  readonly #log: Logger;
  readonly #inFlightMax: number;
  readonly #caller: StreamCaller;
  readonly #server: StreamServer;
  readonly #served = new Set<string>();

  constructor(connection: BusConnection, options: BusOptions) {
    const liveness = { ...livenessDefaults, ...options.liveness };
    this.#connection = connection;
    this.#log = options.log;
    this.#inFlightMax = options.inFlightMax ?? IN_FLIGHT_MAX;
    this.#caller = new StreamCaller(connection, liveness);
    this.#server = new StreamServer(connection, liveness, options.log);
  }

  get connected(): boolean {
    return this.#connection.isConnected();
  }

  /** Whether the bus is connected now, or reconnects within this time. */
  connectedWithin(timeoutMs: number): Promise<boolean> {
    return this.#connection.connectedWithin(timeoutMs);
  }

  /** Number of streams that this process has opened and that have not ended. */
  get openStreams(): number {
    return this.#caller.openStreams;
  }

  /** Number of streams that this process is serving. */
  get servedStreams(): number {
    return this.#server.openStreams;
  }

  get load(): BusLoad {
    return {
      openStreams: this.openStreams,
      servedStreams: this.servedStreams,
      pendingRequests: this.#connection.requests.pending,
      keptBodies: this.#caller.keptBodies,
      frameWriters: this.#server.openWriters,
      heartbeats: Number(this.#caller.watching) + Number(this.#server.watching),
    };
  }

  /**
   * Sends a request and returns the response.
   * @throws {AppError} one of the contract's errors, `bus.*`, or `internal` when the handler failed.
   */
  call<C extends RequestContract>(
    contract: C,
    input: z.input<C['input']>,
    options: CallOptions & WithValues<C['subject']> = {} as never,
  ): Promise<z.output<C['output']>> {
    return callOver(this.#connection, contract, subjectOf(contract, options.values ?? ({} as never)), input, options);
  }

  /** Opens a stream; its frames go to the sink. The server cancels the stream when the caller is lost. */
  open<C extends StreamContract>(
    contract: C,
    input: z.input<C['input']>,
    sink: StreamSink<C>,
    options: CallOptions & WithValues<C['subject']>,
  ): OpenStream {
    return this.#caller.open(contract, subjectOf(contract, options.values ?? ({} as never)), input, sink, options);
  }

  /**
   * Like `open`, for inputs with a common part: streams that are opened with the same `shared` on the same subject in
   * one turn of the event loop are sent as one message, which contains the common part once.
   * @param input the part of this stream alone.
   */
  openShared<C extends StreamContract>(
    contract: C,
    shared: SharedInput<z.input<C['input']> & object>,
    input: Readonly<Record<string, unknown>>,
    sink: StreamSink<C>,
    options: CallOptions & WithValues<C['subject']>,
  ): OpenStream {
    const subject = subjectOf(contract, options.values ?? ({} as never));
    return this.#caller.openShared(contract, subject, shared, input, sink, options);
  }

  /**
   * Serves every operation of a service.
   * @throws {Error} when an operation has no handler, or when this process serves its subject already.
   */
  serve<Ops extends Operations>(
    contract: ServiceContract<Ops>,
    handlers: Handlers<Ops>,
    settings: ServeSettings<ValuesOf<Ops>> = {},
  ): Serving {
    const options = {
      queue: settings.queue === null ? undefined : (settings.queue ?? contract.name),
      inFlightMax: this.#inFlightMax,
      log: this.#log,
    };
    const values = (settings.values ?? {}) as never;
    const served = Object.entries(contract.operations).map(([name, operation]) => ({
      name: `${contract.name}.${name}`,
      operation,
      subject: this.#claim(subjectOf(operation, values)),
      handler: handlerOf(contract.name, name, operation, handlers),
    }));
    const subscriptions = served.map(({ name, operation, subject, handler }) => {
      const settings = { ...options, operation: name };
      return operation.kind === 'request'
        ? serveRequests(this.#connection, operation, subject, handler as RequestHandler<RequestContract>, settings)
        : this.#server.serve(operation, subject, handler as StreamHandler<StreamContract>, settings);
    });
    return {
      stop: async () => {
        await Promise.all(subscriptions.map((subscription) => subscription.drain()));
        for (const { subject } of served) this.#served.delete(subject);
      },
    };
  }

  /** A process serves a subject once: a second handler would receive half of the messages. */
  #claim(subject: string): string {
    if (this.#served.has(subject))
      throw new Error(`${subject} is served twice in this process: remove one of the handlers.`);
    this.#served.add(subject);
    return subject;
  }

  /** Publishes an event to the current subscribers. */
  publish<C extends EventContract>(
    contract: C,
    data: z.input<C['data']>,
    options: WithValues<C['subject']> = {} as never,
  ): void {
    this.#connection.nats.publish(subjectOf(contract, options.values ?? ({} as never)), encode(data));
  }

  /**
   * Calls the handler for every such event while subscribed. An event that does not match its contract is logged and
   * dropped.
   */
  subscribe<C extends EventContract>(contract: C, handler: (data: z.output<C['data']>) => void): Serving {
    const subject = wildcardOf(contract);
    const subscription = this.#connection.nats.subscribe(subject, {
      callback: (error, message: Msg) => {
        if (error !== null) return;
        try {
          handler(decode(contract.data, message.data, message.subject) as z.output<C['data']>);
        } catch (failure) {
          this.#log.error('event handler failed', { subject: message.subject, error: failure });
        }
      },
    });
    return { stop: () => subscription.drain() };
  }

  /** Resolves when everything published so far has reached the server. */
  flush(): Promise<void> {
    return this.#connection.nats.flush();
  }

  /** Sends buffered messages, then closes. Streams that are still open end with `bus.disconnected`. */
  async close(): Promise<void> {
    this.#caller.close();
    await this.#server.close();
    this.#connection.requests.close();
    if (!this.#connection.nats.isClosed())
      await this.#connection.nats.drain().catch(() => this.#connection.nats.close());
  }
}

function handlerOf(service: string, name: string, operation: Operations[string], handlers: object): unknown {
  const handler = (handlers as Record<string, unknown>)[name];
  if (typeof handler === 'function') return handler;
  throw new Error(
    `No handler for ${service}.${name} (${operation.subject}): add a handler called '${name}' where the contract is served.`,
  );
}
