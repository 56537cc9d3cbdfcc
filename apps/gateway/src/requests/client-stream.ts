/**
 * The body of a streamed response. A client that reads slower than the worker writes pauses the worker. A stalled client is
 * disconnected, and a disconnect cancels the run.
 */
import { AppError, publicErrorBody } from '@xerotier/errors';
import { ChunkedBody, noteError, writeError } from '@xerotier/http';
import type { StreamControl } from '@xerotier/nats';
import type { ServerResponse } from 'node:http';

/** How long a client may not read before it is disconnected. */
export const STALL_TIMEOUT_MS = 30_000;

export class ClientStream {
  readonly #response: ServerResponse;
  readonly #body: ChunkedBody;
  readonly #onEnd: () => void;
  #errorText: ((error: AppError) => string) | undefined;
  #control: StreamControl | undefined;
  #stalled: NodeJS.Timeout | undefined;
  #ended = false;

  /** @param onEnd called when the response has ended, possibly more than once. */
  constructor(response: ServerResponse, onEnd: () => void = () => undefined) {
    this.#response = response;
    this.#onEnd = onEnd;
    this.#body = new ChunkedBody(response, () => this.#drained());
    response.once('close', () => this.#disconnected());
  }

  /** Sets the source of the data, which is paused, resumed and cancelled with the connection. */
  attach(control: StreamControl): void {
    this.#control = control;
  }

  /**
   * Writes the status line, unless it was already written.
   * @param errorText formats a later error for the client. Without it, an error closes the connection, so that an incomplete
   * response is detectable.
   */
  begin(headers: Record<string, string>, errorText?: (error: AppError) => string): void {
    if (this.#ended || this.#response.headersSent) return;
    this.#errorText = errorText;
    this.#body.begin(200, headers);
  }

  write(parts: readonly Uint8Array[]): void {
    if (this.#ended || this.#body.write(parts) || this.#stalled !== undefined) return;
    this.#control?.pause();
    this.#stalled = setTimeout(() => this.#destroyStalled(), STALL_TIMEOUT_MS);
  }

  end(text: string): void {
    if (this.#ended) return;
    this.#finish();
    this.#body.end(text);
  }

  /** Writes an HTTP error if nothing was written yet. */
  error(error: AppError): void {
    if (this.#ended) return;
    this.#finish();
    if (this.#response.headersSent && this.#errorText !== undefined) {
      noteError(this.#response.req, error);
      this.#body.end(this.#errorText(error));
    } else writeError(this.#response, error);
  }

  #drained(): void {
    clearTimeout(this.#stalled);
    this.#stalled = undefined;
    this.#control?.resume();
  }

  #destroyStalled(): void {
    this.error(new AppError('inference.client_too_slow'));
    this.#response.destroy();
  }

  /** Called on close, also after a complete response, where `cancel` is a no-op. */
  #disconnected(): void {
    this.#finish();
    this.#control?.cancel();
  }

  #finish(): void {
    this.#ended = true;
    clearTimeout(this.#stalled);
    this.#onEnd();
  }
}

/** Returns an error as server-sent event. Clients expect the fields either flat or in `error`, so it has both. */
export function errorEvent(error: AppError): string {
  const fields = { ...publicErrorBody(error).error, type: 'stream_error' };
  return `data: ${JSON.stringify({ ...fields, error: fields })}\n\n`;
}
