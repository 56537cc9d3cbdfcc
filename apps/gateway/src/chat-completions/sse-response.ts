/**
 * Writes a completion as server-sent events. The status line is written with the first token, so that an earlier error is an
 * ordinary HTTP error. A later error is an event, after which the stream ends without `[DONE]`.
 */
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { GenerationHead } from '@xerotier/contracts/xim';
import type { AppError } from '@xerotier/errors';
import { millisecondsSinceArrival, noteForLog } from '@xerotier/http';
import type { ResponseSink } from '@xerotier/inference';
import type { StreamControl } from '@xerotier/nats';
import type { ServerResponse } from 'node:http';
import { ClientStream, errorEvent } from '../requests/client-stream.ts';
import { responseHeaders } from '../requests/response-headers.ts';
import type { ChatEnvelope } from './chat-envelope.ts';

/** After an idle time of one to two intervals, a comment keeps the connection open in proxies and clients. */
const KEEP_ALIVE_MS = 15_000;
const KEEP_ALIVE = [Buffer.from(': keep-alive\n\n')];

export class SseResponse implements ResponseSink {
  readonly #response: ServerResponse;
  readonly #stream: ClientStream;
  readonly #envelope: ChatEnvelope;
  readonly #keepAlive: NodeJS.Timeout;
  /** Whether data was written in the current interval; cheaper per token than restarting a timer. */
  #written = false;

  constructor(response: ServerResponse, envelope: ChatEnvelope) {
    this.#response = response;
    this.#envelope = envelope;
    this.#keepAlive = setInterval(() => this.#sendKeepAlive(), KEEP_ALIVE_MS);
    this.#stream = new ClientStream(response, () => clearInterval(this.#keepAlive));
  }

  /** @see ClientStream.attach */
  attach(control: StreamControl): void {
    this.#stream.attach(control);
  }

  head(head: GenerationHead): void {
    this.#envelope.begin(head);
    const { req: request } = this.#response;
    noteForLog(request, { timeToFirstTokenMs: millisecondsSinceArrival(request) });
    this.#begin(responseHeaders(head, this.#response));
  }

  data(json: Uint8Array): void {
    this.#written = true;
    this.#stream.write(this.#envelope.chunk(json));
  }

  end(usage: TokenUsage): void {
    this.#stream.end(this.#envelope.ending(usage));
  }

  error(error: AppError): void {
    this.#stream.error(error);
  }

  #begin(headers: Record<string, string>): void {
    const fields = {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    };
    this.#stream.begin({ ...fields, ...headers }, errorEvent);
  }

  #sendKeepAlive(): void {
    if (!this.#written) {
      this.#begin({});
      this.#stream.write(KEEP_ALIVE);
    }
    this.#written = false;
  }
}
