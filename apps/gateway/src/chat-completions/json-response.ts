/** Writes a completion as one JSON document. */
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { GenerationHead } from '@xerotier/contracts/xim';
import type { AppError } from '@xerotier/errors';
import { writeError } from '@xerotier/http';
import type { ResponseSink } from '@xerotier/inference';
import type { StreamControl } from '@xerotier/nats';
import type { ServerResponse } from 'node:http';
import { responseHeaders } from '../requests/response-headers.ts';
import type { ChatEnvelope } from './chat-envelope.ts';

export class JsonResponse implements ResponseSink {
  readonly #response: ServerResponse;
  readonly #envelope: ChatEnvelope;
  /** JSON text of each choice, by index. */
  readonly #choices: string[] = [];
  #head: GenerationHead | undefined;
  #run: StreamControl | undefined;

  constructor(response: ServerResponse, envelope: ChatEnvelope) {
    this.#response = response;
    this.#envelope = envelope;
    response.once('close', () => this.#run?.cancel());
  }

  attach(run: StreamControl): void {
    this.#run = run;
  }

  head(head: GenerationHead): void {
    this.#head = head;
  }

  data(json: Uint8Array, choiceIndex: number): void {
    const text = Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8');
    // Each frame is an array with one choice; the brackets are removed to join them to one array.
    this.#choices[choiceIndex] = text.slice(1, -1);
  }

  end(usage: TokenUsage): void {
    const head = this.#head as GenerationHead;
    const body = this.#envelope.completion(head, `[${this.#choices.join(',')}]`, usage);
    const headers = responseHeaders(head, this.#response);
    if (this.#response.destroyed) return;
    this.#response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      ...headers,
    });
    this.#response.end(body);
  }

  error(error: AppError): void {
    if (!this.#response.destroyed) writeError(this.#response, error);
  }
}
