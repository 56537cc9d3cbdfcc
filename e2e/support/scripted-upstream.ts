/** An OpenAI-compatible server for the `openai` engine, on a free port, with the replies that a test sets. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from './recorded-exchanges.ts';
import type { PlatformPlan } from './test-platform.ts';

/**
 * How a body is split into writes:
 * - `events`: one event or the whole body per write
 * - `arbitrary`: anywhere, also within lines and characters
 */
export type Split = 'events' | 'arbitrary';

export interface UpstreamReply {
  readonly stream: boolean;
  /** One without stream, any number with stream; `[DONE]` is added. */
  readonly bodies: readonly Json[];
  readonly split?: Split;
  /** Default 200. */
  readonly status?: number;
}

/** A reply that is sent verbatim. */
export interface RawReply {
  readonly raw: string;
  /** Default 200. */
  readonly status?: number;
  /** Default: no header. */
  readonly contentType?: string;
  /** Keeps the connection open afterwards; default false. */
  readonly keepOpen?: boolean;
}

export interface UpstreamRequest {
  readonly path: string;
  readonly body: Json;
  /** The raw body. */
  readonly text: string;
}

/** Only the latest requests are kept. */
const REQUESTS_MAX = 16;
const MODEL = 'upstream-model';
/** Primes, so that pieces do not align with events. */
const PIECE_LENGTHS = [3, 401, 13, 211, 997, 7, 607];
/** Without a pause, pieces are received together. */
const PIECE_PAUSE_MS = 1;
/** The smallest first byte of a multi-byte character in UTF-8. */
const MULTIBYTE_START = 0xc0;

/** Returns a reply of one word with or without stream, or an embedding, as requested. */
function defaultReply({ stream, input }: Json): UpstreamReply {
  if (input !== undefined) {
    const usage = { prompt_tokens: 1, total_tokens: 1 };
    return { stream: false, bodies: [{ data: [{ index: 0, embedding: [1, 0] }], usage }] };
  }
  const common = { id: 'chatcmpl-plain', created: 0, model: MODEL };
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  if (stream !== true) {
    const message = { role: 'assistant', content: 'Hello' };
    const choices = [{ index: 0, message, finish_reason: 'stop' }];
    return { stream: false, bodies: [{ ...common, object: 'chat.completion', choices, usage }] };
  }
  const choices = [{ index: 0, delta: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }];
  const chunk = { ...common, object: 'chat.completion.chunk' };
  return {
    stream: true,
    bodies: [
      { ...chunk, choices },
      { ...chunk, choices: [], usage },
    ],
  };
}

/** Health probes get the default reply, so that invalid replies do not make the only worker unavailable. */
function isHealthProbe({ messages, input }: Json): boolean {
  const [first] = (Array.isArray(messages) ? messages : []) as { content?: unknown }[];
  return first?.content === 'ping' || (Array.isArray(input) && input.length === 1 && input[0] === 'ping');
}

export class ScriptedUpstream {
  /** The reply to the next requests; default: one word. */
  reply: UpstreamReply | RawReply | undefined;
  readonly #requests: UpstreamRequest[] = [];
  readonly #server: Server = createServer((request, response) => void this.#serve(request, response));

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Returns the requests since the last call. */
  takeRequests(): UpstreamRequest[] {
    return this.#requests.splice(0);
  }

  /** Returns one worker and an endpoint `chat` (`embed` for that task). To be called after {@link start}. */
  plan({ slots = 4, task = 'generate' }: { slots?: number; task?: 'generate' | 'embed' } = {}): PlatformPlan {
    const { port } = this.#server.address() as AddressInfo;
    const env = {
      XIM_ENGINE: 'openai',
      XIM_TASK: task,
      XIM_UPSTREAM_URL: `http://127.0.0.1:${port}/v1`,
      XIM_CONTEXT_TOKENS: '1000000',
      XIM_SLOTS: String(slots),
    };
    const id = task === 'embed' ? 'upstream-embed' : 'upstream';
    const chat = { slug: 'chat', modelId: id, tier: 'self_hosted' };
    const endpoint = task === 'embed' ? { ...chat, slug: 'embed', task } : chat;
    return {
      models: [{ id, name: id, ownedBy: 'Xerotier.ai', contextTokens: 1_000_000 }],
      endpoints: [endpoint],
      workers: [{ modelId: id, env }],
    };
  }

  #record(request: UpstreamRequest): void {
    this.#requests.push(request);
    if (this.#requests.length > REQUESTS_MAX) this.#requests.shift();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ object: 'list', data: [{ id: MODEL }] }));
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString();
    const body = JSON.parse(text) as Json;
    const isProbe = isHealthProbe(body);
    if (!isProbe) this.#record({ path: request.url ?? '', body, text });
    const reply = (isProbe ? undefined : this.reply) ?? defaultReply(body);
    if ('raw' in reply) {
      response.writeHead(
        reply.status ?? 200,
        reply.contentType === undefined ? {} : { 'content-type': reply.contentType },
      );
      response.write(reply.raw);
      if (reply.keepOpen !== true) response.end();
      return;
    }
    const { stream, bodies, split = 'events', status = 200 } = reply;
    const texts = stream
      ? [...bodies.map((event) => `data: ${JSON.stringify(event)}\n\n`), 'data: [DONE]\n\n']
      : bodies.map((body) => JSON.stringify(body));
    response.writeHead(status, { 'content-type': stream ? 'text/event-stream; charset=utf-8' : 'application/json' });
    if (split === 'events') for (const text of texts) response.write(text);
    else {
      for (const piece of arbitraryPieces(texts.join(''))) {
        response.write(piece);
        await sleep(PIECE_PAUSE_MS);
      }
    }
    response.end();
  }
}

function arbitraryPieces(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const pieces: Buffer[] = [];
  for (let from = 0; from < bytes.length;) {
    const length = PIECE_LENGTHS[pieces.length % PIECE_LENGTHS.length] as number;
    const inCharacter = bytes.subarray(from, from + length).findIndex((byte) => byte >= MULTIBYTE_START);
    const piece = bytes.subarray(from, inCharacter === -1 ? from + length : from + inCharacter + 1);
    pieces.push(piece);
    from += piece.length;
  }
  return pieces;
}
