/** An OpenAI-compatible server that fails in configurable ways. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * - `works`: returns its name as the completion
 * - `fails`: returns 500 for every request, immediately
 * - `fails-half`: returns 500 for every second request
 * - `fails-long`: returns 500 for long prompts only
 * - `rejects`: returns 429 for every request
 * - `hangs`: accepts requests and never responds
 */
export type Behaviour = 'works' | 'fails' | 'fails-half' | 'fails-long' | 'rejects' | 'hangs';

/** The minimum length of a long prompt, in characters. */
export const LONG_PROMPT = 500;
/** The prompt of the worker's health probes. */
const PROBE = 'ping';

interface Body {
  readonly stream?: boolean;
  /** Of chat completions. */
  readonly messages?: readonly { readonly content: string }[];
  /** Of embeddings. */
  readonly input?: readonly string[];
}

export class FailingUpstream {
  readonly #name: string;
  behaviour: Behaviour = 'works';
  /** Number of requests, without health probes. */
  requests = 0;
  #port = 0;
  #generations = 0;
  #server: Server | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/v1`;
  }

  /** Starts on the same port as before, if it was already started. */
  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((request, response) => void this.#serve(request, response));
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Closes every connection; new ones get connection refused. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    if (this.behaviour === 'hangs') return;
    if (request.method === 'GET') return this.#json(response, 200, { object: 'list', data: [{ id: 'upstream' }] });
    const body = JSON.parse(Buffer.concat(parts).toString()) as Body;
    const prompt = body.input?.join('') ?? body.messages?.map(({ content }) => content).join('') ?? '';
    if (prompt !== PROBE) this.requests += 1;
    const status = this.#statusFor(prompt);
    // Some servers repeat the prompt in their error messages.
    if (status !== 200) return this.#json(response, status, { error: { message: `status ${status} for: ${prompt}` } });
    if (body.input !== undefined) return this.#embed(response, body.input);
    this.#respond(response, body.stream === true);
  }

  #statusFor(prompt: string): number {
    this.#generations += 1;
    switch (this.behaviour) {
      case 'fails':
        return 500;
      case 'fails-half':
        return this.#generations % 2 === 0 ? 500 : 200;
      case 'fails-long':
        return prompt.length >= LONG_PROMPT ? 500 : 200;
      case 'rejects':
        return 429;
      default:
        return 200;
    }
  }

  #embed(response: ServerResponse, input: readonly string[]): void {
    const data = input.map((_, index) => ({ object: 'embedding', index, embedding: [1, 0] }));
    this.#json(response, 200, { object: 'list', data, usage: { prompt_tokens: 1, total_tokens: 1 } });
  }

  #respond(response: ServerResponse, streamed: boolean): void {
    const common = { id: 'chatcmpl-1', created: 0, model: 'upstream' };
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const content = this.#name;
    if (!streamed) {
      const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
      return this.#json(response, 200, { ...common, object: 'chat.completion', choices, usage });
    }
    const chunk = { ...common, object: 'chat.completion.chunk' };
    const events = [
      { ...chunk, choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }] },
      { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
      { ...chunk, choices: [], usage },
    ];
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`);
  }

  #json(response: ServerResponse, status: number, body: unknown): void {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }
}
