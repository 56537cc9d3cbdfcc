/**
 * The body of a response that is written while a worker sends it. A client that reads slower than the worker writes pauses
 * the worker; one that does not read at all is given up, and one that disconnects stops it.
 */
import { AppError, publicErrorBody } from '@xerotier/errors';
import { ChunkedBody, noteError, writeError } from '@xerotier/http';
import type { StreamControl } from '@xerotier/nats';
import type { ServerResponse } from 'node:http';

/** How long a client may leave its connection full. */
const STALLED_MS = 30_000;

export class ClientStream {
  readonly #response: ServerResponse;
  readonly #body: ChunkedBody;
  readonly #onOver: () => void;
  #errorText: ((error: AppError) => string) | undefined;
  #control: StreamControl | undefined;
  #stalled: NodeJS.Timeout | undefined;
  #over = false;

  /** @param onOver may be called more than once. */
  constructor(response: ServerResponse, onOver: () => void = () => undefined) {
    this.#response = response;
    this.#onOver = onOver;
    this.#body = new ChunkedBody(response, () => this.#drained());
    response.once('close', () => this.#disconnected());
  }

  /** What writes here: it is held back and cancelled as the client's connection demands. */
  attach(control: StreamControl): void {
    this.#control = control;
  }

  /**
   * Writes the status line, unless that has happened.
   * @param errorText what a later error looks like to the client. Without it an error cuts the connection, since half a
   * response must not look whole.
   */
  begin(headers: Record<string, string>, errorText?: (error: AppError) => string): void {
    if (this.#over || this.#response.headersSent) return;
    this.#errorText = errorText;
    this.#body.begin(200, headers);
  }

  write(parts: readonly Uint8Array[]): void {
    if (this.#over || this.#body.write(parts) || this.#stalled !== undefined) return;
    this.#control?.pause();
    this.#stalled = setTimeout(() => this.#giveUp(), STALLED_MS);
  }

  end(text: string): void {
    if (this.#over) return;
    this.#finish();
    this.#body.end(text);
  }

  /** An ordinary HTTP error as long as nothing was written. */
  error(error: AppError): void {
    if (this.#over) return;
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

  #giveUp(): void {
    this.error(new AppError('inference.client_too_slow'));
    this.#response.destroy();
  }

  /** The connection is closed: by us at the end, or by the client, and then the worker must stop. */
  #disconnected(): void {
    this.#finish();
    this.#control?.cancel();
  }

  #finish(): void {
    this.#over = true;
    clearTimeout(this.#stalled);
    this.#onOver();
  }
}

/** A server-sent event. Flat fields and a nested object, so that both families of client read it. */
export function errorEvent(error: AppError): string {
  const fields = { ...publicErrorBody(error).error, type: 'stream_error' };
  return `data: ${JSON.stringify({ ...fields, error: fields })}\n\n`;
}
