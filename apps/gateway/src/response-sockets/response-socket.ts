/**
 * One WebSocket on which responses are created. Requests with the same `stream_id`, or with none, run one after another; those of
 * different streams run at the same time.
 */
import { AppError } from '@xerotier/errors';
import { noteError } from '@xerotier/http';
import type { OpenWebSocket, SocketRequest } from '@xerotier/http';
import type { Logger } from '@xerotier/log';
import type { AccessService } from '../access/access.service.ts';
import { checkAccess } from '../access/check-access.ts';
import type { Fields } from '../requests/request-fields.ts';
import type { ResponseRequestsService } from '../responses/response-requests.service.ts';
import type { TurnsService } from '../responses/turns.service.ts';
import { createMessageOf, parseMessage, requireResponseCreate, streamIdOf } from './client-message.ts';
import { errorEvent } from './error-event.ts';
import type { KeptResponses } from './kept-responses.ts';
import { SocketTurn } from './socket-turn.ts';
import { SocketWriter } from './socket-writer.ts';
import type { SocketReader } from './socket-writer.ts';

/** As with OpenAI. */
const RUNNING_MAX = 16;
/** Besides the default one; as with OpenAI. */
const STREAMS_MAX = 32;
const WAITING_MAX = 64;
/** As of one message. */
const WAITING_BYTES_MAX = 32 * 1024 * 1024;

const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;
const UNAUTHORIZED = 401;

export interface ResponseSocketServices {
  readonly access: AccessService;
  readonly requests: ResponseRequestsService;
  readonly turns: TurnsService;
  readonly kept: KeptResponses;
  readonly log: Logger;
}

export interface ResponseSocketTimes {
  /** For which it is open at most. */
  readonly lifetimeMs: number;
  /** Without a request, and without one that runs. */
  readonly idleMs: number;
  /** Between two signs of life. */
  readonly pingMs: number;
}

interface Stream {
  readonly id: string | undefined;
  isBusy: boolean;
}

interface Waiting {
  readonly request: SocketRequest;
  readonly stream: Stream;
  readonly fields: Fields;
  readonly bytes: number;
}

export class ResponseSocket implements SocketReader {
  readonly #open: OpenWebSocket;
  readonly #services: ResponseSocketServices;
  readonly #writer: SocketWriter;
  readonly #streams = new Map<string | undefined, Stream>();
  readonly #turns = new Set<SocketTurn>();
  #waiting: Waiting[] = [];
  readonly #timers: NodeJS.Timeout[];
  readonly #idle: NodeJS.Timeout;
  #isAlive = true;
  /** Why no more requests are accepted. */
  #ending: AppError | undefined;

  constructor(open: OpenWebSocket, services: ResponseSocketServices, times: ResponseSocketTimes) {
    this.#open = open;
    this.#services = services;
    this.#writer = new SocketWriter(open, this);
    this.#idle = setTimeout(() => this.#closeIdle(), times.idleMs);
    const minutes = Math.ceil(times.lifetimeMs / 60_000);
    this.#timers = [
      this.#idle,
      setInterval(() => this.#ping(), times.pingMs),
      setTimeout(() => this.#endWith(new AppError('websocket.expired', { minutes })), times.lifetimeMs),
    ];
    const { webSocket } = open;
    webSocket.on('message', (data: Buffer, isBinary) => this.#receive(data, isBinary));
    webSocket.on('pong', () => (this.#isAlive = true));
    webSocket.once('close', () => this.#closed());
    // The WebSocket is closed with the code of the error.
    webSocket.on('error', (error) => services.log.debug('websocket failed', { error }));
  }

  /** Closes it once nothing runs. What waits is rejected. */
  drain(): void {
    this.#endWith(new AppError('service.draining'));
  }

  onFull(): void {
    for (const turn of this.#turns) turn.pause();
  }

  onDrain(): void {
    for (const turn of this.#turns) turn.resume();
  }

  onStalled(): void {
    for (const { req } of this.#turns) noteError(req, new AppError('inference.client_too_slow'));
  }

  #receive(data: Buffer, isBinary: boolean): void {
    const { webSocket } = this.#open;
    if (webSocket.readyState !== webSocket.OPEN) return;
    this.#isAlive = true;
    this.#idle.refresh();
    const request = this.#open.beginRequest();
    request.run(() => {
      let streamId: string | undefined;
      try {
        const fields = parseMessage(data, isBinary);
        streamId = streamIdOf(fields);
        requireResponseCreate(fields);
        this.#add({ request, stream: this.#streamOf(streamId), fields, bytes: data.length });
      } catch (error) {
        this.#reject(request, AppError.from(error), streamId);
      }
    });
  }

  #reject(request: SocketRequest, error: AppError, streamId: string | undefined): void {
    this.#logDefect(error);
    noteError(request, error);
    this.#writer.write(errorEvent(error, streamId));
    request.end(error.status, true);
  }

  #logDefect(error: AppError): void {
    if (error.code === 'internal') this.#services.log.error('unhandled request error', { error });
  }

  /** @throws {AppError} `websocket.too_many_streams`. */
  #streamOf(id: string | undefined): Stream {
    const known = this.#streams.get(id);
    if (known !== undefined) return known;
    const named = this.#streams.size - (this.#streams.has(undefined) ? 1 : 0);
    if (id !== undefined && named >= STREAMS_MAX)
      throw new AppError('websocket.too_many_streams', { max: STREAMS_MAX }, { param: 'stream_id' });
    const stream = { id, isBusy: false };
    this.#streams.set(id, stream);
    return stream;
  }

  /** Runs a request at once, or when those before it have ended. @throws {AppError} `websocket.too_many_waiting`, or why no more are accepted. */
  #add(added: Waiting): void {
    if (this.#ending !== undefined) throw this.#ending;
    this.#waiting.push(added);
    this.#startNext();
    const bytes = this.#waiting.reduce((sum, waiting) => sum + waiting.bytes, 0);
    if (this.#waiting.at(-1) !== added || (this.#waiting.length <= WAITING_MAX && bytes <= WAITING_BYTES_MAX)) return;
    this.#waiting.pop();
    throw new AppError('websocket.too_many_waiting', { max: WAITING_MAX, bytesMax: WAITING_BYTES_MAX });
  }

  #startNext(): void {
    while (this.#turns.size < RUNNING_MAX) {
      const at = this.#waiting.findIndex(({ stream }) => !stream.isBusy);
      if (at === -1) return;
      const [next] = this.#waiting.splice(at, 1);
      void this.#run(next as Waiting);
    }
  }

  /** Never rejects. */
  async #run({ request, stream, fields }: Waiting): Promise<void> {
    const { webSocket } = this.#open;
    const { kept } = this.#services;
    stream.isBusy = true;
    const turn = new SocketTurn(request, this.#writer, stream.id);
    this.#turns.add(turn);
    let hasFailed = false;
    try {
      hasFailed = !(await request.run(() => this.#respond(turn, stream, fields)));
    } catch (thrown) {
      hasFailed = true;
      const error = AppError.from(thrown);
      this.#logDefect(error);
      turn.error(error);
      if (error.status === UNAUTHORIZED) webSocket.close(POLICY_VIOLATION, 'The API key is not valid any more.');
    }
    // As with OpenAI: a continuation that has failed is not tried again with the same context.
    if (hasFailed) kept.drop(fields['previous_response_id'], this.#streams.values());
    this.#turns.delete(turn);
    stream.isBusy = false;
    this.#idle.refresh();
    this.#startNext();
    this.#endIfIdle();
  }

  /** Returns whether there is a response that did not fail. @throws {AppError} of the request. */
  async #respond(turn: SocketTurn, stream: Stream, fields: Fields): Promise<boolean> {
    const { access, requests, turns, kept } = this.#services;
    const { req: request } = turn;
    // For each request: the key may have been revoked since.
    await checkAccess(access, request);
    const { body, generates } = createMessageOf(fields);
    const requested = kept.continued(await requests.read(request, body), this.#streams.values());
    await turns.run({ ...requested, generates }, turn, () => turn);
    const response = await turn.ended;
    if (response === undefined || this.#open.webSocket.readyState !== this.#open.webSocket.OPEN) return false;
    kept.keep(stream, requested, response);
    return response.status !== 'failed';
  }

  #ping(): void {
    const { webSocket } = this.#open;
    if (!this.#isAlive) return webSocket.terminate();
    this.#isAlive = false;
    webSocket.ping();
  }

  #closeIdle(): void {
    if (this.#turns.size > 0) this.#idle.refresh();
    else this.#open.webSocket.close(GOING_AWAY, 'Nothing was requested for too long.');
  }

  /** What runs goes on, what waits is rejected, and then it is closed. */
  #endWith(error: AppError): void {
    this.#ending ??= error;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { request, stream } of waiting) this.#reject(request, error, stream.id);
    this.#endIfIdle();
  }

  #endIfIdle(): void {
    if (this.#ending === undefined || this.#turns.size > 0) return;
    if (this.#ending.code === 'websocket.expired') this.#writer.write(errorEvent(this.#ending, undefined));
    this.#open.webSocket.close(GOING_AWAY, this.#ending.publicMessage);
  }

  #closed(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const turn of this.#turns) turn.disconnect();
    for (const { request } of this.#waiting) request.end(undefined, false);
    this.#waiting = [];
    this.#services.kept.dropAll(this.#streams.values());
  }
}
