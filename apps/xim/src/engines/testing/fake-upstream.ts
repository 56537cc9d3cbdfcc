/** An OpenAI-compatible server for specs: real HTTP on a free port, with responses defined by the spec. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** The parsed JSON body; empty for a form. */
  readonly body: Record<string, unknown>;
  /** The body verbatim. */
  readonly text: string;
  /** The parsed form, read by another parser than the platform's. */
  readonly form: FormData;
  /** Resolves when the connection is closed before the response has ended. */
  readonly aborted: Promise<void>;
}

export type Responder = (response: ServerResponse, request: ReceivedRequest) => void | Promise<void>;

export class FakeUpstream {
  readonly requests: ReceivedRequest[] = [];
  /** Responds to all POST requests; `models` responds to `GET /models`. */
  respond: Responder = (response) => void response.writeHead(500).end();
  models: Responder = (response) =>
    json(response, { object: 'list', data: [{ id: 'upstream-model', max_model_len: 2_048 }] });
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const bytes = Buffer.concat(parts);
    const type = request.headers['content-type'] ?? '';
    const isForm = type.startsWith('multipart/form-data');
    const body = isForm || bytes.length === 0 ? {} : (JSON.parse(bytes.toString()) as Record<string, unknown>);
    const form = isForm ? await new Response(bytes, { headers: { 'content-type': type } }).formData() : new FormData();
    const aborted = new Promise<void>((resolve) => {
      response.once('close', () => {
        if (!response.writableFinished) resolve();
      });
    });
    const text = bytes.toString();
    const received = { path: request.url ?? '', headers: request.headers, body, text, form, aborted };
    this.requests.push(received);
    await (request.method === 'GET' ? this.models : this.respond)(response, received);
  }
}

export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Streams these events (objects as JSON, strings verbatim) and ends. */
export function stream(...events: (object | string)[]): Responder {
  return (response) => {
    beginStream(response);
    for (const event of events) response.write(sse(event));
    response.end();
  };
}

export function beginStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
}

export function sse(event: object | string): string {
  return `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`;
}

/** A chunk with one choice. */
export function chunk(delta: Record<string, unknown>, finishReason: string | null = null, extra: object = {}): object {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    model: 'upstream-model',
    choices: [{ index: 0, delta, finish_reason: finishReason, ...extra }],
  };
}

export function usageChunk(usage: object): object {
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'upstream-model', choices: [], usage };
}

const USAGE = { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 };

/** The events of a streamed `Hi`. */
export const goodStream: readonly (object | string)[] = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'Hi' }),
  chunk({}, 'stop'),
  usageChunk(USAGE),
  '[DONE]',
];

/** A response that is not streamed. */
export const goodResponse = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi there' }, finish_reason: 'stop' }],
  usage: USAGE,
};
