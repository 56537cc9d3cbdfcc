/** An OpenAI-compatible server for the `openai` engine: real HTTP on a free port, with the answers that a test gives it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from './recorded-exchanges.ts';
import type { PlatformPlan } from './test-platform.ts';

/** - `events`: an event, or a whole body, in one piece
 *  - `odd`: in pieces that end anywhere, in the middle of lines and of characters too */
export type Cut = 'events' | 'odd';

export interface UpstreamReply {
  readonly stream: boolean;
  /** One for an answer, any number for a stream, which gets its `[DONE]` by itself. */
  readonly bodies: readonly Json[];
  readonly cut?: Cut;
  /** Default 200. */
  readonly status?: number;
}

/** A response of a server that does as it likes. */
export interface RawReply {
  readonly raw: string;
  /** Default 200. */
  readonly status?: number;
  /** Default: none is said. */
  readonly contentType?: string;
  /** The connection stays open after it. Default false. */
  readonly leftOpen?: boolean;
}

export interface UpstreamRequest {
  readonly path: string;
  readonly body: Json;
  /** The body as it was sent. */
  readonly text: string;
}

/** The latest are kept. */
const REQUESTS_MAX = 16;
const MODEL = 'upstream-model';
/** Primes, so that pieces and whatever is in them do not keep step. */
const ODD_LENGTHS = [3, 401, 13, 211, 997, 7, 607];
/** Pieces that follow at once are read together. */
const PIECE_PAUSE_MS = 1;
/** From here on a byte begins a character of several bytes. */
const FIRST_OF_SEVERAL = 0xc0;

/** One word, in one piece or as a stream, as the request wants it; a vector where one is asked for. */
function plainReply({ stream, input }: Json): UpstreamReply {
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

/** The platform's own: what is wrong with the scripted replies must not take the only worker out. */
function isHealthProbe({ messages, input }: Json): boolean {
  const [first] = (Array.isArray(messages) ? messages : []) as { content?: unknown }[];
  return first?.content === 'ping' || (Array.isArray(input) && input.length === 1 && input[0] === 'ping');
}

export class ScriptedUpstream {
  /** How the next requests are answered; default a plain answer. */
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

  /** What was asked since the last call. */
  takeRequests(): UpstreamRequest[] {
    return this.#requests.splice(0);
  }

  /** One worker in front of it, and an endpoint `chat` (or `embed`, for that task). Call it after {@link start}. */
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

  #remember(request: UpstreamRequest): void {
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
    if (!isProbe) this.#remember({ path: request.url ?? '', body, text });
    const reply = (isProbe ? undefined : this.reply) ?? plainReply(body);
    if ('raw' in reply) {
      response.writeHead(
        reply.status ?? 200,
        reply.contentType === undefined ? {} : { 'content-type': reply.contentType },
      );
      response.write(reply.raw);
      if (reply.leftOpen !== true) response.end();
      return;
    }
    const { stream, bodies, cut = 'events', status = 200 } = reply;
    const texts = stream
      ? [...bodies.map((event) => `data: ${JSON.stringify(event)}\n\n`), 'data: [DONE]\n\n']
      : bodies.map((body) => JSON.stringify(body));
    response.writeHead(status, { 'content-type': stream ? 'text/event-stream; charset=utf-8' : 'application/json' });
    if (cut === 'events') for (const text of texts) response.write(text);
    else {
      for (const piece of oddPieces(texts.join(''))) {
        response.write(piece);
        await sleep(PIECE_PAUSE_MS);
      }
    }
    response.end();
  }
}

function oddPieces(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const pieces: Buffer[] = [];
  for (let from = 0; from < bytes.length;) {
    const length = ODD_LENGTHS[pieces.length % ODD_LENGTHS.length] as number;
    const inCharacter = bytes.subarray(from, from + length).findIndex((byte) => byte >= FIRST_OF_SEVERAL);
    const piece = bytes.subarray(from, inCharacter === -1 ? from + length : from + inCharacter + 1);
    pieces.push(piece);
    from += piece.length;
  }
  return pieces;
}
