/**
 * An audio or image answer, whose bytes are passed on as they come. The status line waits for the first of them, so that an
 * error before it is an ordinary HTTP error. One after it is an event where the answer has events; elsewhere it cuts the
 * connection, since half a sound must not look whole.
 *
 * A client that reads slower than the worker writes pauses it; one that does not read at all is given up.
 */
import type { MediaHead } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import { ChunkedBody, noteError, writeError } from '@xerotier/http';
import type { ResponseSink } from '@xerotier/inference';
import type { StreamControl } from '@xerotier/nats';
import type { ServerResponse } from 'node:http';
import { answerHeaders } from '../chat-completions/answer-headers.ts';
import { errorEvent } from '../chat-completions/streamed-answer.ts';

/** How long a client may leave its connection full. */
const STALLED_MS = 30_000;

export class MediaAnswer implements ResponseSink<MediaHead> {
  readonly #response: ServerResponse;
  readonly #body: ChunkedBody;
  #run: StreamControl | undefined;
  #stalled: NodeJS.Timeout | undefined;
  #hasEvents = false;
  #over = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.#body = new ChunkedBody(response, () => this.#drained());
    response.once('close', () => this.#gone());
  }

  /** The run that writes here: it is held back and ended as the client's connection demands. */
  attach(run: StreamControl): void {
    this.#run = run;
  }

  head(head: MediaHead): void {
    if (this.#over) return;
    const { contentType } = head;
    this.#hasEvents = /^text\/event-stream/i.test(contentType);
    this.#body.begin(200, {
      'content-type': contentType,
      'x-content-type-options': 'nosniff',
      ...(this.#hasEvents && { 'cache-control': 'no-cache', 'x-accel-buffering': 'no' }),
      ...answerHeaders(head, this.#response),
    });
  }

  data(bytes: Uint8Array): void {
    if (this.#over || bytes.length === 0 || this.#body.write([bytes]) || this.#stalled !== undefined) return;
    this.#run?.pause();
    this.#stalled = setTimeout(() => this.#giveUp(), STALLED_MS);
  }

  end(): void {
    if (this.#over) return;
    this.#finish();
    this.#body.end('');
  }

  error(error: AppError): void {
    if (this.#over) return;
    this.#finish();
    // What came before may have ended in the middle of an event.
    if (this.#response.headersSent && this.#hasEvents) {
      noteError(this.#response.req, error);
      this.#body.end(`\n\n${errorEvent(error)}`);
    } else writeError(this.#response, error);
  }

  #drained(): void {
    clearTimeout(this.#stalled);
    this.#stalled = undefined;
    this.#run?.resume();
  }

  #giveUp(): void {
    this.error(new AppError('inference.client_too_slow'));
    this.#response.destroy();
  }

  /** The connection is closed: by us at the end, or by a client that went away, and then the worker must stop. */
  #gone(): void {
    this.#finish();
    this.#run?.cancel();
  }

  #finish(): void {
    this.#over = true;
    clearTimeout(this.#stalled);
  }
}
