/** A turn whose client waits on a WebSocket: its events are messages. */
import type { turnsContract } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import { noteError } from '@xerotier/http';
import type { SocketRequest } from '@xerotier/http';
import type { StreamControl } from '@xerotier/nats';
import type { PublicResponse } from '@xerotier/public-api/responses';
import type { z } from 'zod';
import { headersOf } from '../responses/turn-response.ts';
import type { TurnSink } from '../responses/turn-response.ts';
import type { TurnClient } from '../responses/turns.service.ts';
import { errorEvent } from './error-event.ts';
import type { SocketWriter } from './socket-writer.ts';

type Head = z.output<typeof turnsContract.operations.run.head>;

const OK = 200;
/** Of the events that the response ends with. `response.cancelled` does not exist. */
const ENDING = /^\{"type":"response\.(?:completed|incomplete|failed)"/;
const ENDING_BYTES = 32;

export class SocketTurn implements TurnSink, TurnClient {
  readonly req: SocketRequest;
  /** Resolves when the turn has ended, with its response if it was written whole. Never rejects. */
  readonly ended: Promise<PublicResponse | undefined>;
  readonly #writer: SocketWriter;
  readonly #streamId: string | undefined;
  /** What each event of a named stream ends with instead of its brace. */
  readonly #suffix: Buffer | undefined;
  readonly #end: (response: PublicResponse | undefined) => void;
  #control: StreamControl | undefined;
  #last: Buffer | undefined;
  #hasBegun = false;
  #hasEnded = false;

  constructor(request: SocketRequest, writer: SocketWriter, streamId: string | undefined) {
    this.req = request;
    this.#writer = writer;
    this.#streamId = streamId;
    if (streamId !== undefined) this.#suffix = Buffer.from(`,"stream_id":${JSON.stringify(streamId)}}`);
    const { promise, resolve } = Promise.withResolvers<PublicResponse | undefined>();
    this.ended = promise;
    this.#end = resolve;
  }

  get destroyed(): boolean {
    return this.#hasEnded;
  }

  /** Messages have no headers. */
  setHeader(): void {}

  attach(control: StreamControl): void {
    this.#control = control;
    if (this.#writer.isFull) control.pause();
  }

  pause(): void {
    this.#control?.pause();
  }

  resume(): void {
    this.#control?.resume();
  }

  head(head: Head): void {
    headersOf(head, this.req);
  }

  /** The payload is valid during the call only. */
  data(payload: Uint8Array): void {
    if (this.#hasEnded) return;
    this.#hasBegun = true;
    const event = this.#suffix === undefined ? Buffer.from(payload) : withSuffix(payload, this.#suffix);
    if (ENDING.test(event.toString('latin1', 0, ENDING_BYTES))) this.#last = event;
    this.#writer.write(event);
  }

  end(): void {
    this.#settle(OK, true);
  }

  error(error: AppError): void {
    if (this.#hasEnded) return;
    noteError(this.req, error);
    this.#last = undefined;
    this.#writer.write(errorEvent(error, this.#streamId));
    this.#settle(this.#hasBegun ? OK : error.status, true);
  }

  /** The client is gone: the model is stopped. */
  disconnect(): void {
    this.#settle(this.#hasBegun ? OK : undefined, false);
    this.#control?.cancel();
  }

  #settle(status: number | undefined, isComplete: boolean): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.req.end(status, isComplete);
    this.#end(isComplete && this.#last !== undefined ? responseIn(this.#last) : undefined);
    this.#last = undefined;
  }
}

function withSuffix(json: Uint8Array, suffix: Buffer): Buffer {
  return Buffer.concat([json.subarray(0, -1), suffix]);
}

function responseIn(event: Buffer): PublicResponse {
  return (JSON.parse(event.toString()) as { response: PublicResponse }).response;
}
