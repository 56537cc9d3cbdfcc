/**
 * The caller's side of streams. All streams of a process share two subscriptions: `<inbox>.s` for frames, and
 * `<inbox>.s.<id>`, the reply subject of the opening message, where NATS says that nobody listens and where a server
 * learns the stream's id. Frames reach their sink in order or not at all: a gap ends the stream with an error.
 */
import type { Msg, Subscription } from '@nats-io/nats-core';
import type { StreamContract } from '@xerotier/contracts/define';
import { AppError } from '@xerotier/errors';
import { encodeContext, headerName } from './call-context.ts';
import type { CallOptions } from './call-context.ts';
import { decode, decodeError, encode } from './codec.ts';
import type { BusConnection } from './connection.ts';
import { decodeFrames, frameKind, FrameReader } from './frames.ts';
import type { Frame } from './frames.ts';
import { Heartbeat } from './liveness.ts';
import { randomId48 } from './random-id.ts';
import type { LivenessOptions } from './liveness.ts';
import { controlAction, encodeControl } from './stream-control.ts';
import { encodeOpenings, OPENINGS_MAX } from './shared-input.ts';
import type { Opening, SharedInput } from './shared-input.ts';
import type { ControlAction } from './stream-control.ts';
import type { z } from 'zod';

/** Receives one stream. Exactly one of `end` and `error` is called, last. */
export interface StreamSink<C extends StreamContract> {
  head(head: z.output<C['head']>): void;
  /** One payload; the bytes are only valid during the call. */
  data(payload: Uint8Array): void;
  end(end: z.output<C['end']>): void;
  error(error: AppError): void;
}

/** What a caller says while a stream runs. */
export interface StreamControl {
  /** Asks the server to stop. The stream still ends with its end frame (or an error), which tells what was done. */
  cancel(): void;
  /** Holds the server back, until `resume`; what is on its way still arrives. */
  pause(): void;
  resume(): void;
}

export interface OpenStream extends StreamControl {
  /** Forgets the stream: its sink is not called again. */
  abandon(): void;
}

interface Calling {
  readonly sink: StreamSink<StreamContract>;
  readonly contract: StreamContract;
  readonly subject: string;
  reader: FrameReader;
  /** Those that it was opened together with, until the server has taken it. */
  group: Group | undefined;
  /** Kept until the server has taken the request, since it may pull it in parts. */
  body: Uint8Array | undefined;
  control: string | undefined;
  /** Asked for before the server was known. */
  pending: ControlAction[];
  lastHeardAt: number;
}

interface GatheredOpening extends Opening {
  readonly options: CallOptions;
}

interface Group {
  readonly shared: SharedInput;
  readonly openings: GatheredOpening[];
}

/** Bound of one joined payload: an answer with many choices and log probabilities stays far below. */
const PAYLOAD_BYTES_MAX = 64 * 1024 * 1024;
/** Streams that one process may have open. */
const STREAMS_MAX = 20_000;

export class StreamCaller {
  readonly #bus: BusConnection;
  readonly #liveness: LivenessOptions;
  readonly #calls = new Map<number, Calling>();
  readonly #subscriptions: Subscription[];
  readonly #heartbeat: Heartbeat;
  readonly #inbox: string;
  /** What is to leave together at the end of this turn, by subject. */
  readonly #gathering = new WeakMap<SharedInput, Map<string, Group>>();

  constructor(bus: BusConnection, liveness: LivenessOptions) {
    this.#bus = bus;
    this.#liveness = liveness;
    this.#inbox = `${bus.inboxPrefix}.s`;
    this.#heartbeat = new Heartbeat(liveness.intervalMs, (now) => this.#checkLiveness(now));
    this.#subscriptions = [
      bus.nats.subscribe(this.#inbox, { callback: (error, message) => void (error ?? this.#receive(message)) }),
      bus.nats.subscribe(`${this.#inbox}.*`, { callback: (error, message) => this.#onRejected(error, message) }),
      bus.nats.subscribe(`${bus.inboxPrefix}.b.*`, {
        callback: (error, message) => void (error ?? this.#sendPart(message)),
      }),
    ];
  }

  get openStreams(): number {
    return this.#calls.size;
  }

  open<C extends StreamContract>(
    contract: C,
    subject: string,
    input: z.input<C['input']>,
    sink: StreamSink<C>,
    options: CallOptions,
  ): OpenStream {
    const id = this.#register(contract, subject, sink);
    this.#send(id, encode(input), options);
    return this.#openStream(id);
  }

  /** As `open`; what is opened with the same shared input on the same subject in this turn leaves together. */
  openShared<C extends StreamContract>(
    contract: C,
    subject: string,
    shared: SharedInput<z.input<C['input']> & object>,
    input: Readonly<Record<string, unknown>>,
    sink: StreamSink<C>,
    options: CallOptions,
  ): OpenStream {
    const id = this.#register(contract, subject, sink);
    const bySubject = this.#gathering.get(shared) ?? new Map<string, Group>();
    this.#gathering.set(shared, bySubject);
    const group = bySubject.get(subject) ?? { shared, openings: [] };
    group.openings.push({ id, input, options });
    if (group.openings.length === 1) {
      bySubject.set(subject, group);
      // After all that was waiting for the same message, such as slots that were granted together.
      process.nextTick(() => {
        bySubject.delete(subject);
        this.#sendGathered(group);
      });
    }
    return this.#openStream(id);
  }

  #register<C extends StreamContract>(contract: C, subject: string, sink: StreamSink<C>): number {
    if (this.#calls.size >= STREAMS_MAX) throw new AppError('bus.overloaded', { subject });
    const id = randomId48();
    this.#calls.set(id, {
      sink: sink,
      contract,
      subject,
      reader: new FrameReader(PAYLOAD_BYTES_MAX),
      group: undefined,
      body: undefined,
      control: undefined,
      pending: [],
      lastHeardAt: performance.now(),
    });
    this.#heartbeat.start();
    return id;
  }

  #openStream(id: number): OpenStream {
    return {
      cancel: () => this.#tell(id, controlAction.cancel),
      pause: () => this.#tell(id, controlAction.pause),
      resume: () => this.#tell(id, controlAction.resume),
      abandon: () => this.#forget(id),
    };
  }

  close(): void {
    this.#heartbeat.stop();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    for (const id of [...this.#calls.keys()]) this.#fail(id, new AppError('bus.disconnected'));
  }

  #sendGathered({ shared, openings }: Group): void {
    for (let from = 0; from < openings.length; from += OPENINGS_MAX) {
      // Some may have been abandoned meanwhile.
      const wanted = openings.slice(from, from + OPENINGS_MAX).filter(({ id }) => this.#calls.has(id));
      const [first] = wanted;
      if (first === undefined) continue;
      const group = { shared, openings: wanted };
      if (wanted.length === 1) {
        this.#sendApart(group);
        continue;
      }
      for (const { id } of wanted) (this.#calls.get(id) as Calling).group = group;
      this.#send(first.id, shared.bytes, first.options, encodeOpenings(wanted));
    }
  }

  /** Each that the server has not taken yet in a message of its own. */
  #sendApart({ shared, openings }: Group): void {
    for (const { id, input, options } of openings) {
      const call = this.#calls.get(id);
      if (call === undefined || call.control !== undefined) continue;
      call.group = undefined;
      call.reader = new FrameReader(PAYLOAD_BYTES_MAX);
      this.#send(id, encode({ ...shared.value, ...input }), options);
    }
  }

  /** @param streams the header of a message that opens several, of which this is the first. */
  #send(id: number, body: Uint8Array, options: CallOptions, streams?: string): void {
    const call = this.#calls.get(id) as Calling;
    call.body = body;
    const inOneMessage = body.length + (streams?.length ?? 0) <= partBytes(this.#bus);
    const headers = encodeContext(options, {
      [headerName.bodyBytes]: inOneMessage ? undefined : String(body.length),
      [headerName.streams]: streams,
    });
    try {
      this.#bus.nats.publish(call.subject, inOneMessage ? body : new Uint8Array(0), {
        reply: `${this.#inbox}.${id}`,
        headers,
      });
    } catch (cause) {
      // Asynchronously, as every other failure: the caller has not got its handle yet.
      queueMicrotask(() => this.#failTogether(id, new AppError('bus.disconnected', {}, { cause })));
    }
  }

  #receive(message: Msg): void {
    const now = performance.now();
    try {
      decodeFrames(message.data, (frame) => this.#take(frame, now));
    } catch {
      // Not a frame of ours. A stream that lost something by it will see the gap.
    }
  }

  #take(frame: Frame, now: number): void {
    const call = this.#calls.get(frame.streamId);
    if (call === undefined) return;
    call.lastHeardAt = now;
    if (frame.kind === frameKind.ping) return;
    let payload: Uint8Array | undefined;
    try {
      payload = call.reader.accept(frame);
    } catch (cause) {
      this.#tell(frame.streamId, controlAction.cancel);
      this.#fail(frame.streamId, new AppError('bus.gap', {}, { cause }));
      return;
    }
    if (payload === undefined) return;
    try {
      this.#deliver(frame, call, payload);
    } catch (error) {
      this.#tell(frame.streamId, controlAction.cancel);
      this.#fail(frame.streamId, AppError.from(error));
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
        call.control = Buffer.from(payload).toString('utf8');
        call.body = undefined;
        call.group = undefined;
        for (const action of call.pending.splice(0)) this.#tell(frame.streamId, action);
        return;
      case frameKind.head:
        call.sink.head(decode(call.contract.head, payload, call.subject));
        return;
      case frameKind.end: {
        const end = decode(call.contract.end, payload, call.subject);
        this.#forget(frame.streamId);
        call.sink.end(end);
        return;
      }
      case frameKind.error: {
        const error = decodeError(payload, call.subject);
        // A server of an earlier version reads one stream in each message.
        if (call.group !== undefined && error.code === 'bus.unreadable') this.#sendApart(call.group);
        else this.#fail(frame.streamId, error);
        return;
      }
    }
  }

  /** Only NATS itself answers on `<inbox>.s.<id>`: nobody listens to the subject. */
  #onRejected(_error: Error | null, message: Msg): void {
    const id = Number(message.subject.slice(message.subject.lastIndexOf('.') + 1));
    const call = this.#calls.get(id);
    if (call !== undefined) this.#failTogether(id, new AppError('bus.no_responders', { subject: call.subject }));
  }

  /** A server pulls a body that did not fit one message: the question is an offset, the answer the bytes from there. */
  #sendPart(message: Msg): void {
    const id = Number(message.subject.slice(message.subject.lastIndexOf('.') + 1));
    const offset = Number(Buffer.from(message.data).toString('latin1'));
    const body = this.#calls.get(id)?.body;
    if (body === undefined || !Number.isSafeInteger(offset) || offset < 0) return;
    message.respond(body.subarray(offset, offset + partBytes(this.#bus)));
  }

  #tell(id: number, action: ControlAction): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    if (call.control === undefined) call.pending.push(action);
    else this.#publish(call.control, encodeControl(action, [id]));
  }

  #checkLiveness(now: number): void {
    if (this.#calls.size === 0) this.#heartbeat.stop();
    const alive = new Map<string, number[]>();
    for (const [id, call] of this.#calls) {
      if (now - call.lastHeardAt > this.#liveness.silenceMs) {
        this.#fail(id, new AppError('bus.peer_lost'));
      } else if (call.control !== undefined) {
        const ids = alive.get(call.control);
        if (ids === undefined) alive.set(call.control, [id]);
        else ids.push(id);
      }
    }
    for (const [control, ids] of alive) this.#publish(control, encodeControl(controlAction.keepAlive, ids));
  }

  #publish(subject: string, message: Uint8Array): void {
    try {
      this.#bus.nats.publish(subject, message);
    } catch {
      // Closed: the streams end by their own liveness.
    }
  }

  /** The message did not arrive: none of its streams was opened. */
  #failTogether(id: number, error: AppError): void {
    const group = this.#calls.get(id)?.group;
    for (const opening of group?.openings ?? [{ id }]) this.#fail(opening.id, error);
  }

  #fail(id: number, error: AppError): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#forget(id);
    call.sink.error(error);
  }

  #forget(id: number): void {
    this.#calls.delete(id);
  }
}

/** What is left for data in one message when headers and protocol have taken theirs. */
export function partBytes(bus: BusConnection): number {
  return (bus.nats.info?.max_payload ?? 1024 * 1024) - 4_096;
}
