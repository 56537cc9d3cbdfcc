/**
 * The caller's side of streams. All streams of a process share two subscriptions: `<inbox>.s` for frames, and
 * `<inbox>.s.<id>`, the reply subject of the opening message, on which NATS reports missing responders and from which a
 * server takes the stream's id. Frames reach their sink in order or not at all: a gap ends the stream with an error.
 */
import type { Msg, Subscription } from '@nats-io/nats-core';
import type { StreamContract } from '@xerotier/contracts/define';
import type { ErrorCode } from '@xerotier/contracts/errors';
import { AppError } from '@xerotier/errors';
import { InFlightMap } from '@xerotier/in-flight';
import { logContext } from '@xerotier/log';
import { spansEnabled } from '@xerotier/telemetry';
import { encodeContext, headerName } from './call-context.ts';
import type { CallOptions, HeaderValues } from './call-context.ts';
import { clientCalls } from './call-telemetry.ts';
import type { OperationCalls } from './call-telemetry.ts';
import { decode, decodeError, encode } from './codec.ts';
import { partBytes } from './connection.ts';
import type { BusConnection } from './connection.ts';
import { decodeFrames, frameKind, FrameReader } from './frames.ts';
import type { Frame } from './frames.ts';
import { Heartbeat } from './liveness.ts';
import type { LivenessOptions } from './liveness.ts';
import { OpeningBodies } from './opening-bodies.ts';
import type { KeptBody } from './opening-bodies.ts';
import { randomId48 } from '@xerotier/random';
import { controlAction, encodeControl } from './stream-control.ts';
import { encodeOpenings, OPENINGS_MAX } from './shared-input.ts';
import type { Opening, SharedInput } from './shared-input.ts';
import type { ControlAction } from './stream-control.ts';
import type { z } from 'zod';

/** Receives one stream. Either `end` or `error` is called, once and last. */
export interface StreamSink<C extends StreamContract> {
  head(head: z.output<C['head']>): void;
  /** One payload; the bytes are valid only during the call. */
  data(payload: Uint8Array): void;
  end(end: z.output<C['end']>): void;
  error(error: AppError): void;
}

/** Controls a running stream. */
export interface StreamControl {
  /** Asks the server to stop. The stream still ends with its end frame (or an error), which contains what was done. */
  cancel(): void;
  /** Pauses the server until `resume`; frames in flight still arrive. */
  pause(): void;
  resume(): void;
}

export interface OpenStream extends StreamControl {
  /** Drops the stream and tells the server to stop: its sink is not called again. */
  abandon(): void;
}

interface Calling {
  readonly sink: StreamSink<StreamContract>;
  readonly contract: StreamContract;
  readonly subject: string;
  reader: FrameReader;
  /** The streams it was opened together with, until the server has accepted it. */
  group: Group | undefined;
  /** Set if it exceeds one message: kept until the server has accepted the request. */
  body: KeptBody | undefined;
  control: string | undefined;
  /** Requested before the control subject was known. */
  pending: ControlAction[];
  /** The last control action, repeated with every keep-alive, since a connection may lose one. */
  lastAction: ControlAction;
  lastReceivedAt: number;
  readonly calls: OperationCalls;
  readonly begunAt: number;
}

interface GatheredOpening extends Opening {
  readonly options: CallOptions;
}

interface Group {
  readonly shared: SharedInput;
  readonly subject: string;
  readonly openings: GatheredOpening[];
}

interface Outgoing {
  readonly id: number;
  readonly subject: string;
  readonly body: Uint8Array;
  readonly headers: ReturnType<typeof encodeContext>;
}

const NOTHING = new Uint8Array(0);

/** Maximum size of a joined payload: far more than a response with many choices and log probabilities needs. */
const PAYLOAD_BYTES_MAX = 64 * 1024 * 1024;
/** Maximum number of open streams per process. */
const STREAMS_MAX = 20_000;

export class StreamCaller {
  readonly #bus: BusConnection;
  readonly #liveness: LivenessOptions;
  readonly #calls = new InFlightMap<number, Calling>();
  readonly #subscriptions: Subscription[];
  readonly #heartbeat: Heartbeat;
  readonly #bodies: OpeningBodies;
  readonly #inbox: string;
  /** Openings to send together at the end of this turn. */
  readonly #gathering: Group[] = [];
  /** Opening messages of this turn. */
  #outgoing: Outgoing[] = [];

  constructor(bus: BusConnection, liveness: LivenessOptions) {
    this.#bus = bus;
    this.#liveness = liveness;
    this.#inbox = `${bus.inboxPrefix}.s`;
    this.#heartbeat = new Heartbeat(liveness.intervalMs, (now, stalledMs) => this.#checkLiveness(now, stalledMs));
    this.#bodies = new OpeningBodies(bus);
    this.#subscriptions = [
      bus.nats.subscribe(this.#inbox, { callback: (error, message) => void (error ?? this.#receive(message)) }),
      bus.nats.subscribe(`${this.#inbox}.*`, { callback: (error, message) => this.#onRejected(error, message) }),
    ];
  }

  get openStreams(): number {
    return this.#calls.size;
  }

  /** Bodies that a server may still pull. */
  get keptBodies(): number {
    return this.#bodies.size;
  }

  get watching(): boolean {
    return this.#heartbeat.running;
  }

  open<C extends StreamContract>(
    contract: C,
    subject: string,
    input: z.input<C['input']>,
    sink: StreamSink<C>,
    options: CallOptions,
  ): OpenStream {
    const body = encode(input);
    const id = this.#register(contract, subject, sink);
    this.#send([id], body, options);
    return this.#openStream(id);
  }

  /** Like `open`; streams with the same shared input on the same subject in this turn are sent together. */
  openShared<C extends StreamContract>(
    contract: C,
    subject: string,
    shared: SharedInput<z.input<C['input']> & object>,
    input: Readonly<Record<string, unknown>>,
    sink: StreamSink<C>,
    options: CallOptions,
  ): OpenStream {
    const id = this.#register(contract, subject, sink);
    const opening = { id, input, options, traceparent: ownTraceparent() };
    const known = this.#gathering.findLast((group) => group.shared === shared && group.subject === subject);
    if (known === undefined) this.#gather({ shared, subject, openings: [opening] });
    else known.openings.push(opening);
    return this.#openStream(id);
  }

  #register<C extends StreamContract>(contract: C, subject: string, sink: StreamSink<C>): number {
    if (this.#calls.size >= STREAMS_MAX) throw new AppError('bus.overloaded', { subject });
    const id = randomId48();
    const calls = clientCalls.of(contract);
    this.#calls.set(id, {
      sink: sink,
      contract,
      subject,
      reader: new FrameReader(PAYLOAD_BYTES_MAX),
      group: undefined,
      body: undefined,
      control: undefined,
      pending: [],
      lastAction: controlAction.keepAlive,
      lastReceivedAt: performance.now(),
      calls,
      begunAt: calls.begin(),
    });
    this.#heartbeat.start();
    return id;
  }

  #openStream(id: number): OpenStream {
    return {
      cancel: () => this.#sendControl(id, controlAction.cancel),
      pause: () => this.#sendControl(id, controlAction.pause),
      resume: () => this.#sendControl(id, controlAction.resume),
      abandon: () => {
        this.#sendControl(id, controlAction.cancel);
        this.#remove(id, 'inference.cancelled');
      },
    };
  }

  close(): void {
    this.#heartbeat.stop();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    for (const id of [...this.#calls.keys()]) this.#stop(id, new AppError('bus.disconnected'));
    this.#bodies.close();
  }

  #gather(group: Group): void {
    this.#gathering.push(group);
    if (this.#gathering.length > 1) return;
    // After everything that was waiting for the same message, such as slots that were granted together.
    process.nextTick(() => {
      for (const gathered of this.#gathering.splice(0)) this.#sendGathered(gathered);
    });
  }

  #sendGathered({ shared, subject, openings }: Group): void {
    for (let from = 0; from < openings.length; from += OPENINGS_MAX) {
      // Some may have been abandoned in the meantime.
      const wanted = openings.slice(from, from + OPENINGS_MAX).filter(({ id }) => this.#calls.has(id));
      const [first] = wanted;
      if (first === undefined) continue;
      const group = { shared, subject, openings: wanted };
      if (wanted.length === 1) {
        this.#sendSeparately(group);
        continue;
      }
      for (const { id } of wanted) (this.#calls.get(id) as Calling).group = group;
      const ids = wanted.map(({ id }) => id) as [number, ...number[]];
      this.#send(ids, shared.bytes, first.options, { [headerName.streams]: encodeOpenings(wanted) });
    }
  }

  /** Sends those that the server has not accepted yet in messages of their own. */
  #sendSeparately({ shared, openings }: Group): void {
    for (const { id, input, options, traceparent } of openings) {
      const call = this.#calls.get(id);
      if (call === undefined || call.control !== undefined) continue;
      call.group = undefined;
      call.reader = new FrameReader(PAYLOAD_BYTES_MAX);
      this.#send([id], encode({ ...shared.value, ...input }), options, { [headerName.traceparent]: traceparent });
    }
  }

  /** @param headersOfMessage added to those of the log context; undefined values are omitted. */
  #send(
    ids: readonly [number, ...number[]],
    body: Uint8Array,
    options: CallOptions,
    headersOfMessage: HeaderValues = {},
  ): void {
    const [id] = ids;
    const { subject } = this.#calls.get(id) as Calling;
    const inOneMessage = body.length + (headersOfMessage[headerName.streams]?.length ?? 0) <= partBytes(this.#bus);
    if (!inOneMessage) this.#keep(body, ids);
    const headers = encodeContext(options, {
      ...headersOfMessage,
      [headerName.bodyBytes]: inOneMessage ? undefined : String(body.length),
    });
    this.#outgoing.push({ id, subject, body: inOneMessage ? body : NOTHING, headers });
    if (this.#outgoing.length === 1) setImmediate(() => this.#sendOutgoing());
  }

  /** The messages of one event-loop turn are one write to the socket. */
  #sendOutgoing(): void {
    for (const { id, subject, body, headers } of this.#outgoing.splice(0)) {
      try {
        this.#bus.nats.publish(subject, body, { reply: `${this.#inbox}.${id}`, headers });
      } catch (cause) {
        this.#failTogether(id, new AppError('bus.disconnected', {}, { cause }));
      }
    }
  }

  #keep(bytes: Uint8Array, ids: readonly [number, ...number[]]): void {
    const body = this.#bodies.keep(bytes, ids);
    for (const id of ids) {
      const call = this.#calls.get(id) as Calling;
      this.#releaseBody(id, call);
      call.body = body;
      if (call.pending.includes(controlAction.cancel)) this.#releaseBody(id, call);
    }
  }

  #releaseBody(id: number, call: Calling): void {
    if (call.body !== undefined) this.#bodies.release(call.body, id);
    call.body = undefined;
  }

  #receive(message: Msg): void {
    const now = performance.now();
    try {
      decodeFrames(message.data, (frame) => this.#take(frame, now));
    } catch {
      // Not a valid frame. A stream that lost one will detect the gap.
    }
  }

  #take(frame: Frame, now: number): void {
    const call = this.#calls.get(frame.streamId);
    if (call === undefined) {
      // It was abandoned before the server accepted it.
      if (frame.kind === frameKind.accept)
        this.#publish(textOf(frame.payload), encodeControl(controlAction.cancel, [frame.streamId]));
      return;
    }
    call.lastReceivedAt = now;
    if (frame.kind === frameKind.ping) return;
    let payload: Uint8Array | undefined;
    try {
      payload = call.reader.accept(frame);
    } catch (cause) {
      this.#stop(frame.streamId, new AppError('bus.gap', {}, { cause }));
      return;
    }
    if (payload === undefined) return;
    try {
      this.#deliver(frame, call, payload);
    } catch (error) {
      this.#stop(frame.streamId, AppError.from(error));
    }
  }

  #deliver(frame: Frame, call: Calling, payload: Uint8Array): void {
    switch (frame.kind) {
      case frameKind.ping:
        return;
      case frameKind.data:
        call.sink.data(payload);
        return;
      case frameKind.accept:
        call.control = textOf(payload);
        this.#releaseBody(frame.streamId, call);
        call.group = undefined;
        for (const action of call.pending.splice(0)) this.#sendControl(frame.streamId, action);
        return;
      case frameKind.head:
        call.sink.head(decode(call.contract.head, payload, call.subject));
        return;
      case frameKind.end: {
        const end = decode(call.contract.end, payload, call.subject);
        this.#remove(frame.streamId);
        call.sink.end(end);
        return;
      }
      case frameKind.error: {
        const error = decodeError(payload, call.subject);
        // A server of an earlier version reads one stream per message.
        if (call.group !== undefined && error.code === 'bus.unreadable') this.#sendSeparately(call.group);
        else this.#fail(frame.streamId, error);
        return;
      }
    }
  }

  /** Only NATS itself replies on `<inbox>.s.<id>`: the subject has no responders. */
  #onRejected(_error: Error | null, message: Msg): void {
    const id = Number(message.subject.slice(message.subject.lastIndexOf('.') + 1));
    const call = this.#calls.get(id);
    if (call !== undefined) this.#failTogether(id, new AppError('bus.no_responders', { subject: call.subject }));
  }

  #sendControl(id: number, action: ControlAction): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    if (call.control === undefined) {
      call.pending.push(action);
      // The server must not pull the rest of a cancelled request.
      if (action === controlAction.cancel) this.#releaseBody(id, call);
      return;
    }
    if (call.lastAction !== controlAction.cancel) call.lastAction = action;
    this.#publish(call.control, encodeControl(action, [id]));
  }

  #checkLiveness(now: number, stalledMs: number): void {
    if (this.#calls.size === 0) this.#heartbeat.stop();
    const keepAlives = new Map<string, number[]>();
    for (const [id, call] of this.#calls) {
      call.lastReceivedAt = Math.min(call.lastReceivedAt + stalledMs, now);
      if (now - call.lastReceivedAt > this.#liveness.silenceMs) {
        this.#stop(id, new AppError('bus.peer_lost'));
      } else if (call.control !== undefined) {
        const key = `${call.lastAction}${call.control}`;
        const ids = keepAlives.get(key);
        if (ids === undefined) keepAlives.set(key, [id]);
        else ids.push(id);
      }
    }
    for (const [key, ids] of keepAlives)
      this.#publish(key.slice(1), encodeControl(Number(key[0]) as ControlAction, ids));
  }

  #publish(subject: string, message: Uint8Array): void {
    try {
      this.#bus.nats.publish(subject, message);
    } catch {
      // Closed: the streams end by their own liveness checks.
    }
  }

  /** The message was not delivered: none of its streams was opened. */
  #failTogether(id: number, error: AppError): void {
    const group = this.#calls.get(id)?.group;
    for (const opening of group?.openings ?? [{ id }]) this.#fail(opening.id, error);
  }

  /** Ends a stream that the server may still work for. */
  #stop(id: number, error: AppError): void {
    this.#sendControl(id, controlAction.cancel);
    this.#fail(id, error);
  }

  #fail(id: number, error: AppError): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#remove(id, error.code);
    call.sink.error(error);
  }

  /** @param code of the error that ended it; default: it completed. */
  #remove(id: number, code?: ErrorCode): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#releaseBody(id, call);
    this.#calls.delete(id);
    call.calls.end(call.begunAt, code);
  }
}

/** Each of several streams that are opened by one message may have its own span. */
function ownTraceparent(): string | undefined {
  return spansEnabled() ? logContext()?.traceparent : undefined;
}

function textOf(payload: Uint8Array): string {
  return Buffer.from(payload).toString('utf8');
}
