/**
 * One line per request, written when its response is complete or its client has disconnected, and all holds are
 * released. No query strings: they may contain secrets. Code that bypasses the framework has only the raw request, so
 * entries are kept on that. A request on a WebSocket is its own raw request.
 */
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { SocketRequest } from './socket-request.ts';

/** A raw request over HTTP, or one on a WebSocket. */
export type RawRequest = IncomingMessage | SocketRequest;

/** A request as the log, metrics and spans describe it. */
export interface DescribedRequest extends Pick<
  FastifyRequest,
  'id' | 'method' | 'headers' | 'routeOptions' | 'clientRequestId'
> {
  readonly raw: RawRequest;
}

interface Entry {
  readonly log: Logger;
  readonly request: DescribedRequest;
  readonly arrivedAt: number;
  readonly fields: Record<string, unknown>;
  /** The first one: later errors follow from it. */
  error: AppError | undefined;
  /** Number of holds that are not released. */
  holds: number;
  /** Undefined until the response is complete or its client has disconnected. */
  end: RequestEnd | undefined;
  readonly onEnd: ((end: RequestEnd) => void)[];
}

/** How a request ended. */
export interface RequestEnd {
  readonly status: number;
  readonly outcome: 'completed' | 'failed' | 'client_closed';
  readonly durationMs: number;
  readonly error: AppError | undefined;
}

/** A property is cheaper per request than a WeakMap entry, which every garbage collection has to visit. */
const ENTRY = Symbol('access log entry');
type Logged = RawRequest & { [ENTRY]?: Entry };

/** nginx's status for a request whose client closed the connection before a response was sent. */
const CLIENT_CLOSED_REQUEST = 499;

export function logAccess(fastify: FastifyInstance, log: Logger): void {
  fastify.addHook('onRequest', (request, reply, next) => {
    logResponse(log, request, reply);
    next();
  });
}

/** Writes the line of this request once its response is complete or its client has disconnected. */
export function logResponse(log: Logger, request: FastifyRequest, reply: FastifyReply): void {
  beginLine(log, request);
  const response = reply.raw;
  response.once('close', () => {
    const finished = response.writableFinished;
    const status = finished || response.headersSent ? response.statusCode : CLIENT_CLOSED_REQUEST;
    endRequest(request.raw, status, finished);
  });
}

/** Begins the line of a request, which is written after `endRequest`. */
export function beginLine(log: Logger, request: DescribedRequest): void {
  (request.raw as Logged)[ENTRY] = {
    log,
    request,
    arrivedAt: performance.now(),
    fields: {},
    error: undefined,
    holds: 0,
    end: undefined,
    onEnd: [],
  };
}

/**
 * Ends a request, once: later calls have no effect.
 * @param status undefined if its client has disconnected before there was one.
 */
export function endRequest(request: RawRequest, status: number | undefined, isComplete: boolean): void {
  const entry = (request as Logged)[ENTRY];
  if (entry === undefined || entry.end !== undefined) return;
  const { error, arrivedAt } = entry;
  const outcome = error !== undefined ? 'failed' : isComplete ? 'completed' : 'client_closed';
  const end = {
    status: status ?? CLIENT_CLOSED_REQUEST,
    outcome,
    durationMs: rounded(performance.now() - arrivedAt),
    error,
  } as const;
  entry.end = end;
  for (const listener of entry.onEnd) listener(end);
  writeIfReleased(entry);
}

/** Adds fields to the line of a request. Never pass a prompt, a completion or a key. */
export function noteForLog(request: RawRequest, fields: Readonly<Record<string, unknown>>): void {
  const entry = (request as Logged)[ENTRY];
  if (entry !== undefined) Object.assign(entry.fields, fields);
}

/** Records the error of a request, whatever its status: an error may occur in the middle of a stream. */
export function noteError(request: RawRequest, error: AppError): void {
  const entry = (request as Logged)[ENTRY];
  if (entry !== undefined) entry.error ??= error;
}

/** Calls the listener once the response is complete or the client has disconnected; never for a request that is not logged. */
export function onRequestEnd(request: RawRequest, listener: (end: RequestEnd) => void): void {
  (request as Logged)[ENTRY]?.onEnd.push(listener);
}

/**
 * Holds the line of a request until the returned function is called: for fields that are known only after its client
 * has disconnected.
 */
export function holdLogLine(request: RawRequest): () => void {
  const entry = (request as Logged)[ENTRY];
  if (entry === undefined) return () => undefined;
  entry.holds += 1;
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    entry.holds -= 1;
    writeIfReleased(entry);
  };
}

/** Returns undefined for a request that is not logged. */
export function millisecondsSinceArrival(request: RawRequest): number | undefined {
  const entry = (request as Logged)[ENTRY];
  return entry === undefined ? undefined : rounded(performance.now() - entry.arrivedAt);
}

function writeIfReleased({ log, request, error, fields, holds, end }: Entry): void {
  if (end === undefined || holds > 0) return;
  const { status, outcome, durationMs } = end;
  const isOurFault = (error?.status ?? status) >= 500;
  const line = {
    requestId: request.id,
    ...(request.clientRequestId !== undefined && { clientRequestId: request.clientRequestId }),
    method: request.method,
    route: request.routeOptions.url ?? '(none)',
    status,
    outcome: error !== undefined ? 'failed' : outcome,
    ...(error !== undefined && { errorCode: error.code }),
    ...(isOurFault && AppError.is(error?.cause) && { causeCode: error.cause.code }),
    durationMs,
    ...fields,
  };
  if (isOurFault) log.warn('request completed', line);
  else log.info('request completed', line);
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
