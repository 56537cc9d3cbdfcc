/** Server-sent events to a client, on a connection that is kept open while there are none. */
import type { AppError } from '@xerotier/errors';
import type { StreamControl } from '@xerotier/nats';
import type { ServerResponse } from 'node:http';
import { ClientStream } from './client-stream.ts';

/** After an idle time of one to two intervals, a comment keeps the connection open in proxies and clients. */
const KEEP_ALIVE_MS = 15_000;
const KEEP_ALIVE = [Buffer.from(': keep-alive\n\n')];

export class SseStream {
  readonly #stream: ClientStream;
  readonly #keepAlive: NodeJS.Timeout;
  readonly #errorText: (error: AppError) => string;
  /** Whether data was written in the current interval; cheaper per token than restarting a timer. */
  #written = false;

  /** @param errorText formats an error that comes after the status line. */
  constructor(response: ServerResponse, errorText: (error: AppError) => string) {
    this.#errorText = errorText;
    this.#keepAlive = setInterval(() => this.#sendKeepAlive(), KEEP_ALIVE_MS);
    this.#stream = new ClientStream(response, () => clearInterval(this.#keepAlive));
  }

  /** @see ClientStream.attach */
  attach(control: StreamControl): void {
    this.#stream.attach(control);
  }

  /** Writes the status line, unless it was already written. */
  begin(headers: Record<string, string>): void {
    const fields = {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    };
    this.#stream.begin({ ...fields, ...headers }, this.#errorText);
  }

  write(parts: readonly Uint8Array[]): void {
    this.#written = true;
    this.#stream.write(parts);
  }

  end(text: string): void {
    this.#stream.end(text);
  }

  /** An HTTP error if nothing was written yet, else an event. */
  error(error: AppError): void {
    this.#stream.error(error);
  }

  #sendKeepAlive(): void {
    if (!this.#written) {
      this.begin({});
      this.#stream.write(KEEP_ALIVE);
    }
    this.#written = false;
  }
}
