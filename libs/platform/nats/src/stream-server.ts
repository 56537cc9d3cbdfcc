/** The server's side of streams: accepts opening messages, runs a handler for each, and sends its frames. */
import type { Msg, Subscription } from '@nats-io/nats-core';
import type { StreamContract } from '@xerotier/contracts/define';
import { AppError } from '@xerotier/errors';
import { InFlightMap } from '@xerotier/in-flight';
import { withLogContext } from '@xerotier/log';
import { endSpan, SpanKind, startSpan, traceparentOf } from '@xerotier/telemetry';
import type { Logger } from '@xerotier/log';
import type { z } from 'zod';
import { decodeContext, headerName, logContextOf } from './call-context.ts';
import type { CallContext } from './call-context.ts';
import { serverCalls } from './call-telemetry.ts';
import { encode, encodeError, fit, parseJson } from './codec.ts';
import { partBytes } from './connection.ts';
import type { BusConnection } from './connection.ts';
import { frameKind, FrameWriter } from './frames.ts';
import type { FrameKind } from './frames.ts';
import { Heartbeat } from './liveness.ts';
import type { LivenessOptions } from './liveness.ts';
import { decodeHeaders } from './message-headers.ts';
import type { Headers } from './message-headers.ts';
import { pullBody } from './opening-bodies.ts';
import type { AwaitingBody } from './opening-bodies.ts';
import { replyError } from './reply-error.ts';
import type { ServeOptions } from './serve-options.ts';
import { decodeOpenings } from './shared-input.ts';
import { controlAction, decodeControl } from './stream-control.ts';

/** The output of a handler. */
export interface ResponseStream<Head> {
  /**
   * Aborted when the caller cancels or is lost, or the deadline passes. The handler should then return its end soon.
   */
  readonly signal: AbortSignal;
  /** Aborts the signal with the given reason. */
  abort(reason: AppError): void;
  head(head: Head): void;
  data(payload: Uint8Array): void;
  /**
   * Undefined while the caller keeps up; else a promise that resolves when it resumes, or when the stream is aborted.
   */
  paused(): Promise<void> | undefined;
}

/** The context and output of a handler. */
export interface ServedStream<C extends StreamContract> extends CallContext, ResponseStream<z.input<C['head']>> {}

export type StreamHandler<C extends StreamContract> = (
  input: z.output<C['input']>,
  stream: ServedStream<C>,
) => Promise<z.input<C['end']>>;

/** Maximum size of an opening body that is pulled in parts: the gateway's limit (32 MB) and its envelope. */
const BODY_BYTES_MAX = 40 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 1_000;
/** For how long the acceptance of a stream waits for its first frame, to be sent in the same message. */
const ACCEPT_DELAY_MS = 10;

export class StreamServer {
  readonly #bus: BusConnection;
  readonly #liveness: LivenessOptions;
  readonly #log: Logger;
  readonly #streams = new InFlightMap<number, Served>();
  readonly #writers = new Map<string, { writer: FrameWriter; users: number }>();
  readonly #control: string;
  readonly #controlSubscription: Subscription;
  readonly #heartbeat: Heartbeat;

  constructor(bus: BusConnection, liveness: LivenessOptions, log: Logger) {
    this.#bus = bus;
    this.#liveness = liveness;
    this.#log = log;
    this.#control = `${bus.inboxPrefix}.c`;
    this.#controlSubscription = bus.nats.subscribe(this.#control, {
      callback: (error, message) => {
        if (error === null) this.#onControl(message.data);
      },
    });
    this.#heartbeat = new Heartbeat(liveness.intervalMs, (now, stalledMs) => this.#checkLiveness(now, stalledMs));
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** Callers that frames are collected for. */
  get openWriters(): number {
    return this.#writers.size;
  }

  get watching(): boolean {
    return this.#heartbeat.running;
  }

  serve<C extends StreamContract>(
    contract: C,
    subject: string,
    handler: StreamHandler<C>,
    options: ServeOptions,
  ): Subscription {
    return this.#bus.nats.subscribe(subject, {
      ...(options.queue !== undefined && { queue: options.queue }),
      callback: (error, message) => {
        if (error !== null || message.reply === undefined) return;
        this.#accept(contract, subject, handler, options, message, decodeHeaders(message));
      },
    });
  }

  /** Waits briefly for ending streams, so that their last frames are sent before the connection closes. */
  async close(): Promise<void> {
    const deadline = performance.now() + CLOSE_TIMEOUT_MS;
    while (this.#streams.size > 0 && performance.now() < deadline) await nextTurn();
    // Frames of this turn are published in the next one.
    await nextTurn();
    this.#heartbeat.stop();
    this.#controlSubscription.unsubscribe();
  }

  /** One message opens one stream, or several that share its body. */
  #accept<C extends StreamContract>(
    contract: C,
    subject: string,
    handler: StreamHandler<C>,
    options: ServeOptions,
    message: Msg,
    headers: Headers,
  ): void {
    const context = decodeContext(headers);
    const reply = message.reply as string;
    const inbox = reply.slice(0, reply.lastIndexOf('.'));
    const id = Number(reply.slice(inbox.length + 1));
    if (!Number.isSafeInteger(id)) return;
    const run = (
      streamId: number,
      read: (stream: Served) => Promise<unknown>,
      traceparent = context.traceparent,
    ): void =>
      void this.#traced(contract, { ...context, traceparent }, (traced) =>
        this.#run(contract, subject, handler, options, inbox, streamId, read, traced),
      );
    const waiting = new Set<Served>();
    let common: Promise<unknown> | undefined;
    const body = (stream: Served): Promise<unknown> => {
      waiting.add(stream);
      return (common ??= this.#bodyOf(message, headers, inbox, id, subject, waiting).then((bytes) =>
        parseJson(bytes, subject),
      ));
    };
    const streams = headers.get(headerName.streams) ?? '';
    if (streams === '') return run(id, body);
    const openings = decodeOpenings(streams);
    if (openings === undefined) {
      const unreadable = new AppError('bus.unreadable', { subject, reason: `the header ${headerName.streams}` });
      return run(id, () => Promise.reject(unreadable));
    }
    for (const opening of openings)
      run(
        opening.id,
        async (stream) => ({ ...((await body(stream)) as object), ...opening.input }),
        opening.traceparent,
      );
  }

  /** Runs one stream in its span and its log context. @param work returns the error that ended it, if any. */
  async #traced(
    contract: StreamContract,
    incoming: CallContext,
    work: (context: CallContext) => Promise<AppError | undefined>,
  ): Promise<void> {
    const calls = serverCalls.of(contract);
    const begunAt = calls.begin();
    const { attributes } = calls;
    const span = startSpan(calls.name, { kind: SpanKind.SERVER, parent: incoming, isRemote: true, attributes });
    const context = { ...incoming, traceparent: traceparentOf(span) ?? incoming.traceparent };
    const failure = await withLogContext(logContextOf(context), () => work(context));
    calls.end(begunAt, failure?.code);
    endSpan(span, failure, true);
  }

  async #run<C extends StreamContract>(
    contract: C,
    subject: string,
    handler: StreamHandler<C>,
    options: ServeOptions,
    inbox: string,
    id: number,
    read: (stream: Served) => Promise<unknown>,
    context: CallContext,
  ): Promise<AppError | undefined> {
    const stream = new Served(id, this.#writerOf(inbox), context);
    this.#streams.set(id, stream);
    this.#heartbeat.start();
    try {
      if (this.#streams.size > options.inFlightMax) throw new AppError('bus.overloaded', { subject });
      const input = fit(contract.input, await read(stream), subject) as z.output<C['input']>;
      if (stream.signal.aborted) throw stream.signal.reason;
      stream.accept(this.#control);
      this.#log.debug('bus stream opened', { subject });
      stream.send(frameKind.end, encode(await handler(input, stream)));
      this.#log.debug('bus stream completed', { subject });
      return undefined;
    } catch (error) {
      const { operation } = options;
      const failure = replyError(error, { contract, subject, operation, log: this.#log });
      stream.send(frameKind.error, encodeError(failure));
      return failure;
    } finally {
      stream.finish();
      this.#streams.delete(id);
      this.#releaseWriter(inbox);
    }
  }

  /** Returns the body of an opening message; pulled from the caller, part by part, when it exceeded one message. */
  async #bodyOf(
    message: Msg,
    headers: Headers,
    inbox: string,
    id: number,
    subject: string,
    streams: ReadonlySet<AwaitingBody>,
  ): Promise<Uint8Array> {
    const announced = headers.get(headerName.bodyBytes) ?? '';
    if (announced === '') return message.data;
    const bytes = Number(announced);
    if (!Number.isSafeInteger(bytes) || bytes < 0 || bytes > BODY_BYTES_MAX) {
      throw new AppError('bus.too_large', { subject, bytesMax: BODY_BYTES_MAX });
    }
    return pullBody(this.#bus, `${inbox.slice(0, inbox.lastIndexOf('.'))}.b.${id}`, bytes, streams);
  }

  #onControl(message: Uint8Array): void {
    const control = decodeControl(message);
    if (control === undefined) return;
    const now = performance.now();
    for (const id of control.streamIds) {
      const stream = this.#streams.get(id);
      if (stream === undefined) continue;
      stream.markReceived(now);
      if (control.action === controlAction.cancel) stream.abort(new AppError('inference.cancelled'));
      if (control.action === controlAction.pause) stream.pause();
      if (control.action === controlAction.resume) stream.resume();
    }
  }

  #checkLiveness(now: number, stalledMs: number): void {
    if (this.#streams.size === 0) this.#heartbeat.stop();
    for (const stream of this.#streams.values()) {
      stream.markReceived(Math.min(stream.lastReceivedAt + stalledMs, now));
      if (now - stream.lastReceivedAt > this.#liveness.silenceMs) stream.abort(new AppError('bus.peer_lost'));
      else if (now - stream.lastSentAt >= this.#liveness.intervalMs) stream.ping(now);
    }
  }

  #writerOf(inbox: string): FrameWriter {
    const known = this.#writers.get(inbox);
    if (known !== undefined) {
      known.users += 1;
      return known.writer;
    }
    const writer = new FrameWriter((message) => this.#publish(inbox, message), partBytes(this.#bus));
    this.#writers.set(inbox, { writer, users: 1 });
    return writer;
  }

  #releaseWriter(inbox: string): void {
    const known = this.#writers.get(inbox);
    if (known !== undefined && --known.users === 0) this.#writers.delete(inbox);
  }

  #publish(subject: string, message: Uint8Array): void {
    try {
      this.#bus.nats.publish(subject, message);
    } catch (error) {
      this.#log.warn('frame publish failed', { error });
    }
  }
}

const NOTHING = new Uint8Array(0);

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** One stream being served. */
class Served implements ServedStream<StreamContract>, AwaitingBody {
  readonly requestId: string | undefined;
  readonly clientRequestId: string | undefined;
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
  readonly deadlineMs: number | undefined;
  lastReceivedAt = performance.now();
  lastSentAt = performance.now();
  readonly #id: number;
  readonly #writer: FrameWriter;
  readonly #abort = new AbortController();
  readonly #deadline: NodeJS.Timeout | undefined;
  #acceptance: { readonly control: string; readonly timer: NodeJS.Timeout } | undefined;
  #sequence = 0;
  #finished = false;
  #paused: { promise: Promise<void>; release: () => void } | undefined;

  constructor(id: number, writer: FrameWriter, context: CallContext) {
    this.#id = id;
    this.#writer = writer;
    this.requestId = context.requestId;
    this.clientRequestId = context.clientRequestId;
    this.traceparent = context.traceparent;
    this.tracestate = context.tracestate;
    this.deadlineMs = context.deadlineMs;
    if (context.deadlineMs !== undefined) {
      this.#deadline = setTimeout(() => this.abort(new AppError('inference.deadline_exceeded')), context.deadlineMs);
    }
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Tells the caller that its input was taken, and the subject that controls the stream. */
  accept(control: string): void {
    this.#acceptance = { control, timer: setTimeout(() => this.#sendAcceptance(), ACCEPT_DELAY_MS) };
  }

  head(head: unknown): void {
    this.send(frameKind.head, encode(head));
  }

  data(payload: Uint8Array): void {
    this.send(frameKind.data, payload);
  }

  paused(): Promise<void> | undefined {
    return this.#paused?.promise;
  }

  markReceived(at = performance.now()): void {
    this.lastReceivedAt = at;
  }

  send(kind: FrameKind, payload: Uint8Array): void {
    if (this.#finished) return;
    this.#sendAcceptance();
    this.#sequence += this.#writer.write(kind, this.#id, this.#sequence, payload);
    this.lastSentAt = performance.now();
  }

  #sendAcceptance(): void {
    if (this.#acceptance === undefined) return;
    const { control, timer } = this.#acceptance;
    clearTimeout(timer);
    this.#acceptance = undefined;
    this.send(frameKind.accept, Buffer.from(control));
  }

  /** Pings are outside the sequence: they only prove liveness. */
  ping(now: number): void {
    this.#writer.write(frameKind.ping, this.#id, 0, NOTHING);
    this.lastSentAt = now;
  }

  pause(): void {
    if (this.#paused !== undefined || this.signal.aborted) return;
    let release = (): void => undefined;
    const promise = new Promise<void>((resolve) => (release = resolve));
    this.#paused = { promise, release };
  }

  resume(): void {
    this.#paused?.release();
    this.#paused = undefined;
  }

  abort(reason: AppError): void {
    this.#abort.abort(reason);
    this.resume();
  }

  finish(): void {
    this.#finished = true;
    clearTimeout(this.#deadline);
    this.resume();
  }
}
