/**
 * A response as server-sent events. The status line waits for the first token, so that an error before it is an ordinary
 * HTTP error; an error after it is an event, and the stream then ends without `[DONE]`.
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

/** After a silence of once to twice this time a comment tells proxies and clients that the request is alive. */
const KEEP_ALIVE_MS = 15_000;
const KEEP_ALIVE = [Buffer.from(': keep-alive\n\n')];

export class SseResponse implements ResponseSink {
  readonly #response: ServerResponse;
  readonly #stream: ClientStream;
  readonly #envelope: ChatEnvelope;
  readonly #keepAlive: NodeJS.Timeout;
  /** Whether anything was written since the last look: cheaper for each token than to begin a timer anew. */
  #written = false;

  constructor(response: ServerResponse, envelope: ChatEnvelope) {
    this.#response = response;
    this.#envelope = envelope;
    this.#keepAlive = setInterval(() => this.#beat(), KEEP_ALIVE_MS);
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

  #beat(): void {
    if (!this.#written) {
      this.#begin({});
      this.#stream.write(KEEP_ALIVE);
    }
    this.#written = false;
  }
}
