import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readScript } from './script.ts';
import type { Script } from './script.ts';

const bodyBytesMax = 1024 * 1024;

export interface RunningEngine {
  port: number;
  close(): Promise<void>;
}

/**
 * The ceiling: an OpenAI-compatible chat completion server on bare `node:http` that follows a script. It does what
 * every engine must do (read the body, write one SSE frame per token) and nothing else, so the cost of a gateway in
 * front of it is the gateway's own. Listens on the loopback interface; port 0 picks a free one.
 */
export async function startEngine(port = 0): Promise<RunningEngine> {
  const server = createServer(handle);
  // A proxy keeps its upstream connections for a whole round; closing idle ones would show up as errors there.
  server.keepAliveTimeout = 600_000;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', backlog: 2048 }, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function handle(request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
    request.resume();
    sendError(response, 404, 'This engine serves POST /v1/chat/completions only.');
    return;
  }
  const parts: Buffer[] = [];
  let bytes = 0;
  request.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes <= bodyBytesMax) parts.push(part);
  });
  request.on('end', () => {
    if (bytes > bodyBytesMax) return sendError(response, 413, `The request body is larger than ${bodyBytesMax} bytes.`);
    try {
      const body = JSON.parse(parts.length === 1 ? String(parts[0]) : Buffer.concat(parts).toString()) as ChatRequest;
      const script = readScript(body);
      if (body.stream === true) new ScriptedStream(response, body.model, script).start();
      else complete(response, body.model, script);
    } catch (error) {
      sendError(response, 400, error instanceof Error ? error.message : String(error));
    }
  });
}

interface ChatRequest {
  model?: unknown;
  messages?: unknown;
  max_tokens?: unknown;
  stream?: unknown;
}

let completions = 0;

function sendError(response: ServerResponse, status: number, message: string): void {
  const error = { message, type: 'invalid_request_error', param: null, code: null };
  sendJson(response, status, JSON.stringify({ error }));
}

function sendJson(response: ServerResponse, status: number, json: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) });
  response.end(json);
}

function complete(response: ServerResponse, model: unknown, script: Script): void {
  const tokens = script.tokens.length;
  const json = JSON.stringify({
    id: `chatcmpl-${++completions}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: model ?? 'scripted',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: script.tokens.join('') },
        finish_reason: script.finishReason,
      },
    ],
    usage: { prompt_tokens: 8, completion_tokens: tokens, total_tokens: 8 + tokens },
  });
  if (script.delayMs === 0) return sendJson(response, 200, json);
  const timer = setTimeout(() => sendJson(response, 200, json), script.delayMs * Math.max(0, tokens - 1));
  response.on('close', () => clearTimeout(timer));
}

/** Writes one completion as server-sent events, one write per token, until it is complete or the client disconnects. */
class ScriptedStream {
  readonly #response: ServerResponse;
  readonly #script: Script;
  readonly #frameStart: string;
  #index = 0;
  #startedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(response: ServerResponse, model: unknown, script: Script) {
    this.#response = response;
    this.#script = script;
    const created = Math.floor(Date.now() / 1000);
    this.#frameStart =
      `data: {"id":"chatcmpl-${++completions}","object":"chat.completion.chunk","created":${created},` +
      `"model":${JSON.stringify(model ?? 'scripted')},"choices":[{"index":0,"delta":`;
  }

  start(): void {
    this.#response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    this.#response.on('close', () => clearTimeout(this.#timer));
    this.#write('{"role":"assistant","content":""}', null);
    this.#startedAtMs = performance.now();
    this.#next();
  }

  #next = (): void => {
    if (this.#response.destroyed) return;
    const token = this.#script.tokens[this.#index];
    if (token === undefined) {
      this.#write('{}', this.#script.finishReason);
      this.#response.end('data: [DONE]\n\n');
      return;
    }
    this.#index += 1;
    const flushed = this.#write(`{"content":${JSON.stringify(token)}}`, null);
    if (!flushed) this.#response.once('drain', this.#schedule);
    else this.#schedule();
  };

  #schedule = (): void => {
    if (this.#script.delayMs === 0 || this.#index >= this.#script.tokens.length) {
      setImmediate(this.#next);
      return;
    }
    // Every token has its own due time, so that a late one does not delay all that follow.
    const dueAtMs = this.#startedAtMs + this.#index * this.#script.delayMs;
    this.#timer = setTimeout(this.#next, Math.max(1, dueAtMs - performance.now()));
  };

  #write(delta: string, finishReason: string | null): boolean {
    const reason = finishReason === null ? 'null' : `"${finishReason}"`;
    return this.#response.write(`${this.#frameStart}${delta},"finish_reason":${reason}}]}\n\n`);
  }
}
