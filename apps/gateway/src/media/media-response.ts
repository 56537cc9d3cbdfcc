/**
 * Writes an audio or image response, whose bytes are forwarded as they arrive. The status line is written with the first byte, so
 * that an earlier error is an ordinary HTTP error. A later error is an event in an event stream; otherwise it closes the
 * connection.
 */
import type { MediaHead } from '@xerotier/contracts/xim';
import type { AppError } from '@xerotier/errors';
import type { ResponseSink } from '@xerotier/inference';
import type { StreamControl } from '@xerotier/nats';
import type { ServerResponse } from 'node:http';
import { ClientStream, errorEvent } from '../requests/client-stream.ts';
import { responseHeaders } from '../requests/response-headers.ts';

export class MediaResponse implements ResponseSink<MediaHead> {
  readonly #response: ServerResponse;
  readonly #stream: ClientStream;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.#stream = new ClientStream(response);
  }

  /** @see ClientStream.attach */
  attach(control: StreamControl): void {
    this.#stream.attach(control);
  }

  head(head: MediaHead): void {
    const { contentType } = head;
    const hasEvents = /^text\/event-stream/i.test(contentType);
    const headers = {
      'content-type': contentType,
      'x-content-type-options': 'nosniff',
      ...(hasEvents && { 'cache-control': 'no-cache', 'x-accel-buffering': 'no' }),
      ...responseHeaders(head, this.#response),
    };
    this.#stream.begin(headers, hasEvents ? errorBetweenEvents : undefined);
  }

  data(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#stream.write([bytes]);
  }

  end(): void {
    this.#stream.end('');
  }

  error(error: AppError): void {
    this.#stream.error(error);
  }
}

/** Terminates the preceding event, which may be incomplete. */
function errorBetweenEvents(error: AppError): string {
  return `\n\n${errorEvent(error)}`;
}
