/**
 * An answer as server-sent events. The status line waits for the first token, so that an error before it is an ordinary
 * HTTP error; an error after it is an event, and the stream then ends without `[DONE]`.
 *
 * A client that reads slower than the model writes pauses the worker; one that does not read at all is given up.
 */
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { GenerationHead } from '@xerotier/contracts/xim';
import { AppError, publicErrorBody } from '@xerotier/errors';
import { ChunkedBody, millisecondsSinceArrival, noteError, noteForLog, writeError } from '@xerotier/http';
import type { ResponseSink } from '@xerotier/inference';
import type { StreamControl } from '@xerotier/nats';
import type { ServerResponse } from 'node:http';
import { answerHeaders } from './answer-headers.ts';
import type { ChatEnvelope } from './chat-envelope.ts';

/** After a silence of once to twice this time a comment tells proxies and clients that the request is alive. */
const KEEP_ALIVE_MS = 15_000;
/** How long a client may leave its connection full. */
const STALLED_MS = 30_000;
const KEEP_ALIVE = [Buffer.from(': keep-alive\n\n')];

export class StreamedAnswer implements ResponseSink {
  readonly #response: ServerResponse;
  readonly #body: ChunkedBody;
  readonly #envelope: ChatEnvelope;
  readonly #keepAlive: NodeJS.Timeout;
  #run: StreamControl | undefined;
  #stalled: NodeJS.Timeout | undefined;
  /** Whether anything was written since the last look: cheaper for each token than to begin a timer anew. */
  #spoke = false;
  #over = false;

  constructor(response: ServerResponse, envelope: ChatEnvelope) {
    this.#response = response;
    this.#envelope = envelope;
    this.#body = new ChunkedBody(response, () => this.#drained());
    this.#keepAlive = setInterval(() => this.#beat(), KEEP_ALIVE_MS);
    response.once('close', () => this.#gone());
  }

  /** The run that writes here: it is held back and ended as the client's connection demands. */
  attach(run: StreamControl): void {
    this.#run = run;
  }

  head(head: GenerationHead): void {
    this.#envelope.begin(head);
    const { req: request } = this.#response;
    noteForLog(request, { timeToFirstTokenMs: millisecondsSinceArrival(request) });
    this.#writeHead(answerHeaders(head, this.#response));
  }

  data(json: Uint8Array): void {
    this.#spoke = true;
    this.#write(this.#envelope.chunk(json));
  }

  end(usage: TokenUsage): void {
    if (this.#over) return;
    this.#finish();
    this.#body.end(this.#envelope.ending(usage));
  }

  error(error: AppError): void {
    if (this.#over) return;
    this.#finish();
    if (this.#response.headersSent) {
      noteError(this.#response.req, error);
      this.#body.end(errorEvent(error));
    } else writeError(this.#response, error);
  }

  #writeHead(headers: Record<string, string>): void {
    if (this.#response.headersSent || this.#over) return;
    this.#body.begin(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
      ...headers,
    });
  }

  #write(parts: readonly Uint8Array[]): void {
    if (this.#over || this.#body.write(parts) || this.#stalled !== undefined) return;
    this.#run?.pause();
    this.#stalled = setTimeout(() => this.#giveUp(), STALLED_MS);
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

  #beat(): void {
    if (!this.#spoke) {
      this.#writeHead({});
      this.#write(KEEP_ALIVE);
    }
    this.#spoke = false;
  }

  /** The connection is closed: by us at the end, or by a client that went away, and then the worker must stop. */
  #gone(): void {
    this.#finish();
    this.#run?.cancel();
  }

  #finish(): void {
    this.#over = true;
    clearInterval(this.#keepAlive);
    clearTimeout(this.#stalled);
  }
}

/** Flat fields and a nested object, so that both families of client read it. */
export function errorEvent(error: AppError): string {
  const fields = { ...publicErrorBody(error).error, type: 'stream_error' };
  return `data: ${JSON.stringify({ ...fields, error: fields })}\n\n`;
}
