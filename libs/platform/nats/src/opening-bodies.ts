/**
 * Bodies of opening messages that exceed one message. The caller keeps them while a server may pull them part by part: a pull
 * contains an offset, and the reply the bytes from there, or none when all streams of the body were abandoned.
 */
import type { Msg, Subscription } from '@nats-io/nats-core';
import { AppError } from '@xerotier/errors';
import { InFlightMap } from '@xerotier/in-flight';
import { partBytes } from './connection.ts';
import type { BusConnection } from './connection.ts';

/** A body, and the streams whose server has not accepted it yet. */
export interface KeptBody {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly streams: Set<number>;
}

const EMPTY = new Uint8Array(0);

/** The caller's side. */
export class OpeningBodies {
  readonly #bus: BusConnection;
  readonly #bodies = new InFlightMap<number, KeptBody>();
  readonly #subscription: Subscription;

  constructor(bus: BusConnection) {
    this.#bus = bus;
    this.#subscription = bus.nats.subscribe(`${bus.inboxPrefix}.b.*`, {
      callback: (error, message) => void (error ?? this.#sendPart(message)),
    });
  }

  get size(): number {
    return this.#bodies.size;
  }

  /** @param streams the streams that it opens; it is kept until each is released. The first id becomes that of the body. */
  keep(bytes: Uint8Array, streams: readonly [number, ...number[]]): KeptBody {
    const body = { id: streams[0], bytes, streams: new Set(streams) };
    this.#bodies.set(body.id, body);
    return body;
  }

  /** Releases it for one stream, which was accepted or abandoned. */
  release(body: KeptBody, streamId: number): void {
    body.streams.delete(streamId);
    if (body.streams.size === 0 && this.#bodies.get(body.id) === body) this.#bodies.delete(body.id);
  }

  close(): void {
    this.#subscription.unsubscribe();
    this.#bodies.clear();
  }

  #sendPart(message: Msg): void {
    const id = Number(message.subject.slice(message.subject.lastIndexOf('.') + 1));
    const offset = Number(Buffer.from(message.data).toString('latin1'));
    if (!Number.isSafeInteger(offset) || offset < 0) return;
    const bytes = this.#bodies.get(id)?.bytes ?? EMPTY;
    message.respond(bytes.subarray(offset, offset + partBytes(this.#bus)));
  }
}

/** A stream whose body is being pulled. */
export interface AwaitingBody {
  readonly signal: AbortSignal;
  /** Marks the caller as alive. */
  markReceived(): void;
}

const PULL_TIMEOUT_MS = 5_000;

/**
 * The server's side: pulls the body of one stream, or of several that share it.
 * @param streams may grow during the pull. Each part counts as a sign of life of their caller.
 * @throws {AppError} `inference.cancelled` when the caller abandoned the streams, `bus.peer_lost` when it does not respond,
 * `bus.gap`, or the abort reason of the last stream once all of them are aborted.
 */
export async function pullBody(
  bus: BusConnection,
  source: string,
  bytes: number,
  streams: ReadonlySet<AwaitingBody>,
): Promise<Uint8Array> {
  const body = Buffer.allocUnsafe(bytes);
  for (let at = 0; at < bytes;) {
    const { data } = await bus.requests
      .send(source, Buffer.from(String(at)), { timeoutMs: PULL_TIMEOUT_MS })
      .catch((cause: unknown) => {
        throw new AppError('bus.peer_lost', {}, { cause });
      });
    let abortedWith: unknown;
    let isNeeded = false;
    for (const stream of streams) {
      stream.markReceived();
      if (stream.signal.aborted) abortedWith = stream.signal.reason;
      else isNeeded = true;
    }
    if (!isNeeded) throw abortedWith;
    if (data.length === 0) throw new AppError('inference.cancelled');
    if (data.length > bytes - at) throw new AppError('bus.gap');
    body.set(data, at);
    at += data.length;
  }
  return body;
}
