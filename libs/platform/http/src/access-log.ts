/**
 * One line per request, written when its response is complete or its client has disconnected, and all holds are
 * released. No query strings: they may contain secrets. Code that bypasses the framework has only the raw request, so
 * entries are kept on that.
 */
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';

interface Entry {
  readonly arrivedAt: number;
  readonly fields: Record<string, unknown>;
  /** The first one: later errors follow from it. */
  error: AppError | undefined;
  /** Number of holds that are not released. */
  holds: number;
  /** Writes the line; set once the response is closed. */
  write: (() => void) | undefined;
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
type Logged = IncomingMessage & { [ENTRY]?: Entry };

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
  const entry: Entry = {
    arrivedAt: performance.now(),
    fields: {},
    error: undefined,
    holds: 0,
    write: undefined,
    onEnd: [],
  };
  (request.raw as Logged)[ENTRY] = entry;
  const response = reply.raw;
  response.once('close', () => {
    const durationMs = rounded(performance.now() - entry.arrivedAt);
    const finished = response.writableFinished;
    const status = finished || response.headersSent ? response.statusCode : CLIENT_CLOSED_REQUEST;
    const { error } = entry;
    const outcome = error !== undefined ? 'failed' : finished ? 'completed' : 'client_closed';
    const end = { status, outcome, durationMs, error } as const;
    for (const listener of entry.onEnd) listener(end);
    entry.write = () => writeLine(log, request, entry, end);
    if (entry.holds === 0) entry.write();
  });
}

/** Adds fields to the line of a request. Never pass a prompt, a completion or a key. */
export function noteForLog(request: IncomingMessage, fields: Readonly<Record<string, unknown>>): void {
  const entry = (request as Logged)[ENTRY];
  if (entry !== undefined) Object.assign(entry.fields, fields);
}

/** Records the error of a request, whatever its status: an error may occur in the middle of a stream. */
export function noteError(request: IncomingMessage, error: AppError): void {
  const entry = (request as Logged)[ENTRY];
  if (entry !== undefined) entry.error ??= error;
}

/** Calls the listener once the response is complete or the client has disconnected; never for a request that is not logged. */
export function onRequestEnd(request: IncomingMessage, listener: (end: RequestEnd) => void): void {
  (request as Logged)[ENTRY]?.onEnd.push(listener);
}

/**
 * Holds the line of a request until the returned function is called: for fields that are known only after its client
 * has disconnected.
 */
export function holdLogLine(request: IncomingMessage): () => void {
  const entry = (request as Logged)[ENTRY];
  if (entry === undefined) return () => undefined;
  entry.holds += 1;
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    entry.holds -= 1;
    if (entry.holds === 0) entry.write?.();
  };
}

/** Returns undefined for a request that is not logged. */
export function millisecondsSinceArrival(request: IncomingMessage): number | undefined {
  const entry = (request as Logged)[ENTRY];
  return entry === undefined ? undefined : rounded(performance.now() - entry.arrivedAt);
}

function writeLine(
  log: Logger,
  request: FastifyRequest,
  { error, fields }: Entry,
  { status, outcome, durationMs }: RequestEnd,
): void {
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
