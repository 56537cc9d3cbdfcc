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
import type { CompletionLog } from '../stored-completions/completion-log.ts';
import type { ChatEnvelope } from './chat-envelope.ts';

const EVENT_END = '\n\n';

export class SseResponse implements ResponseSink {
  readonly #response: ServerResponse;
  readonly #stream: SseStream;
  readonly #envelope: ChatEnvelope;
  readonly #log: CompletionLog | undefined;
  /** The event of an error, once there is one. */
  #ending: string | undefined;

  /** @param log keeps the events, for clients that read on later. */
  constructor(response: ServerResponse, envelope: ChatEnvelope, log?: CompletionLog) {
    this.#log = log;
    this.#response = response;
    this.#envelope = envelope;
    this.#stream = new SseStream(response, (error) => this.#ending ?? errorEvent(error));
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
    const events = this.#envelope.chunk(json);
    this.#stream.write(this.#log === undefined ? events : [Buffer.from(this.#kept(Buffer.concat(events).toString()))]);
  }

  end(usage: TokenUsage): void {
    this.#stream.end(this.#kept(this.#envelope.ending(usage)));
    this.#log?.end();
  }

  error(error: AppError): void {
    // Also for those who read along, if the client is gone.
    this.#ending = this.#kept(errorEvent(error));
    this.#stream.error(error);
    this.#log?.end();
  }

  /** Keeps complete events, if they are to be kept. @returns them, with their ids then. */
  #kept(events: string): string {
    const log = this.#log;
    if (log === undefined) return events;
    return events
      .split(EVENT_END)
      .map((event) => (event === '' ? '' : log.add(Buffer.from(event + EVENT_END)).toString()))
      .join('');
  }
}
