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
import { errorEvent } from '../requests/client-stream.ts';
import { responseHeaders } from '../requests/response-headers.ts';
import { SseStream } from '../requests/sse-stream.ts';
import type { ChatEnvelope } from './chat-envelope.ts';

export class SseResponse implements ResponseSink {
  readonly #response: ServerResponse;
  readonly #stream: SseStream;
  readonly #envelope: ChatEnvelope;

  constructor(response: ServerResponse, envelope: ChatEnvelope) {
    this.#response = response;
    this.#envelope = envelope;
    this.#stream = new SseStream(response, errorEvent);
  }

  /** @see ClientStream.attach */
  attach(control: StreamControl): void {
    this.#stream.attach(control);
  }

  head(head: GenerationHead): void {
    this.#envelope.begin(head);
    const { req: request } = this.#response;
    noteForLog(request, { timeToFirstTokenMs: millisecondsSinceArrival(request) });
    this.#stream.begin(responseHeaders(head, this.#response));
  }

  data(json: Uint8Array): void {
    this.#stream.write(this.#envelope.chunk(json));
  }

  end(usage: TokenUsage): void {
    this.#stream.end(this.#envelope.ending(usage));
  }

  error(error: AppError): void {
    this.#stream.error(error);
  }
}
