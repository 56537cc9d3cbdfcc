/** A client of responses on a WebSocket. It validates each event of a response, and their order. */
import { responseSocketEvent } from '@xerotier/public-api/responses';
import type OpenAI from 'openai';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';
import { OpenResponsesSchema } from './open-responses-schema.ts';
import type { OpenaiSchema } from './openai-schema.ts';

type Created = OpenAI.Responses.Response;
type Fields = Readonly<Record<string, unknown>>;

export interface SocketEvent {
  readonly type: string;
  readonly sequence_number?: number;
  readonly stream_id?: string;
  readonly delta?: string;
  readonly response?: Created;
  /** Of an `error`. */
  readonly status?: number;
  readonly error?: Fields;
}

/** The response to a request that did not become a WebSocket. */
export interface Rejection {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly error: { readonly code: string; readonly param: string | null; readonly message: string };
}

export interface SocketResponse {
  readonly events: readonly SocketEvent[];
  readonly response: Created;
  /** The joined deltas. */
  readonly text: string;
}

interface Target {
  /** With `/v1` at the end. */
  readonly url: string;
  readonly apiKey: string;
}

const ENDINGS = new Set(['response.completed', 'response.incomplete', 'response.failed']);
const openResponses = new OpenResponsesSchema();
const opened = new Set<WebSocket>();

/** To be called after each test. */
export function closeSockets(): void {
  for (const socket of opened) socket.terminate();
  opened.clear();
}

export class ResponseSocketClient {
  readonly webSocket: WebSocket;
  /** Of the upgrade. */
  readonly requestId: string;
  /** Resolves when it is closed. */
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #schema: OpenaiSchema | undefined;
  readonly #received: SocketEvent[] = [];
  #wake: () => void = () => undefined;
  #isClosed = false;

  private constructor(webSocket: WebSocket, requestId: string, schema: OpenaiSchema | undefined) {
    this.webSocket = webSocket;
    this.requestId = requestId;
    this.#schema = schema;
    this.closed = once(webSocket, 'close').then(([code, reason]) => ({
      code: code as number,
      reason: String(reason as Buffer),
    }));
    webSocket.on('message', (data, isBinary) => {
      expect(isBinary).toBe(false);
      this.#received.push(JSON.parse((data as Buffer).toString()) as SocketEvent);
      this.#wake();
    });
    webSocket.on('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
    webSocket.on('error', () => undefined);
  }

  static async open(
    { url, apiKey }: Target,
    schema?: OpenaiSchema,
    options: ClientOptions = {},
  ): Promise<ResponseSocketClient> {
    const opening = await openSocket(url, apiKey, options);
    if (!('webSocket' in opening)) throw new Error(`not a WebSocket: ${JSON.stringify(opening)}`);
    return new ResponseSocketClient(opening.webSocket, opening.requestId, schema);
  }

  /** A text as it is, and anything else as JSON. */
  send(message: string | Buffer | Fields): void {
    this.webSocket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  create(fields: Fields): void {
    this.send({ type: 'response.create', model: 'chat', ...fields });
  }

  /** The next event of a stream. @param streamId of a named one. */
  async next(streamId?: string): Promise<SocketEvent> {
    for (;;) {
      const at = this.#received.findIndex((event) => event.stream_id === streamId);
      const [event] = at === -1 ? [] : this.#received.splice(at, 1);
      if (event !== undefined) {
        expect(responseSocketEvent.safeParse(event).error).toBeUndefined();
        return event;
      }
      if (this.#isClosed) throw new Error('the WebSocket is closed');
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The next event, which is an error. */
  async nextError(streamId?: string): Promise<SocketEvent> {
    return this.#validError(await this.next(streamId));
  }

  /** The next error, after any events of a response that runs. */
  async untilError(streamId?: string): Promise<SocketEvent> {
    for (;;) {
      const event = await this.next(streamId);
      if (event.type === 'error') return this.#validError(event);
      expect(ENDINGS).not.toContain(event.type);
    }
  }

  #validError(event: SocketEvent): SocketEvent {
    expect(event).toMatchObject({ type: 'error', status: expect.any(Number) });
    expect(event.error).toMatchObject({ type: expect.any(String), code: expect.any(String) });
    expect(openResponses.check('WebSocketErrorEvent', event)).toEqual([]);
    return event;
  }

  /** Reads events until one of this type. */
  async until(type: string, streamId?: string): Promise<SocketEvent> {
    for (;;) {
      const event = await this.next(streamId);
      if (event.type === type) return event;
      if (event.type === 'error' || ENDINGS.has(event.type)) throw new Error(`not ${type}: ${JSON.stringify(event)}`);
    }
  }

  /** Reads a response to its end. */
  async read(streamId?: string): Promise<SocketResponse> {
    const events: SocketEvent[] = [];
    for (;;) {
      const event = await this.next(streamId);
      events.push(this.#valid(event, streamId));
      if (ENDINGS.has(event.type)) break;
    }
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, at) => at));
    expect(events[0]?.type).toBe('response.created');
    const text = events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('');
    return { events, response: events.at(-1)?.response as Created, text };
  }

  async respond(fields: Fields): Promise<SocketResponse> {
    this.create(fields);
    return this.read(fields['stream_id'] as string | undefined);
  }

  async close(): Promise<void> {
    this.webSocket.close();
    await this.closed;
  }

  #valid(event: SocketEvent, streamId: string | undefined): SocketEvent {
    expect(event).toMatchObject({ type: expect.stringMatching(/^response\./) });
    expect(event.stream_id).toBe(streamId);
    this.#schema?.expectValid('ResponsesWebSocketStreamEvent', event);
    return this.#schema?.expectValid(this.#schema.eventSchema(event.type), event) ?? event;
  }
}

/** The rejection of a request for a WebSocket. */
export async function rejectionOf(
  url: string,
  apiKey: string | undefined,
  options: ClientOptions = {},
): Promise<Rejection> {
  const opening = await openSocket(url, apiKey, options);
  if ('webSocket' in opening) throw new Error('it is a WebSocket');
  return opening;
}

async function openSocket(
  url: string,
  apiKey: string | undefined,
  { headers, ...options }: ClientOptions,
): Promise<{ webSocket: WebSocket; requestId: string } | Rejection> {
  const webSocket = new WebSocket(`${url.replace(/^http/, 'ws')}/responses`, {
    ...options,
    headers: { ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }), ...headers },
  });
  opened.add(webSocket);
  let requestId = '';
  webSocket.once('upgrade', ({ headers: received }) => (requestId = String(received['x-request-id'])));
  return new Promise((resolve, reject) => {
    webSocket.once('error', reject);
    webSocket.once('open', () => resolve({ webSocket, requestId }));
    webSocket.once('unexpected-response', (_request, response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('end', () => {
        const body = JSON.parse(Buffer.concat(parts).toString()) as Pick<Rejection, 'error'>;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, ...body });
      });
    });
  });
}
