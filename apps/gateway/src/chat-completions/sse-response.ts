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

  /** @param log keeps the events, for clients that read on later. */
  constructor(response: ServerResponse, envelope: ChatEnvelope, log?: CompletionLog) {
    this.#log = log;
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
    const events = this.#envelope.chunk(json);
    this.#stream.write(this.#log === undefined ? events : logged(this.#log, Buffer.concat(events).toString()));
  }

  end(usage: TokenUsage): void {
    const ending = this.#envelope.ending(usage);
    this.#stream.end(this.#log === undefined ? ending : Buffer.concat(logged(this.#log, ending)).toString());
    this.#log?.end();
  }

  error(error: AppError): void {
    this.#stream.error(error);
    if (this.#log === undefined) return;
    logged(this.#log, errorEvent(error));
    this.#log.end();
  }
}

/** Keeps complete events. @returns them with their ids. */
function logged(log: CompletionLog, events: string): Buffer[] {
  return events.split(EVENT_END).flatMap((event) => (event === '' ? [] : [log.add(Buffer.from(event + EVENT_END))]));
}
