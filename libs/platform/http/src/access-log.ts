/**
 * One line per request, when its response is complete or its client is gone, and all is known that was waited for. No query
 * strings: they may hold secrets. What is written past the framework has its raw request alone, so notes are kept by that.
 */
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';

interface Entry {
  readonly arrivedAt: number;
  readonly fields: Record<string, unknown>;
  /** The first one: what comes after it follows from it. */
  error: AppError | undefined;
  /** How many things are waited for. */
  held: number;
  /** Writes the line; set once the connection is done with the response. */
  write: (() => void) | undefined;
}

/** A property costs a request less than an entry of a WeakMap, which every collection of garbage has to go through. */
const ENTRY = Symbol('access log entry');
type Logged = IncomingMessage & { [ENTRY]?: Entry };

/** What nginx calls a request whose client closed the connection before anything was sent. */
const CLIENT_CLOSED_REQUEST = 499;

export function logAccess(fastify: FastifyInstance, log: Logger): void {
  fastify.addHook('onRequest', (request, reply, next) => {
    logResponse(log, request, reply);
    next();
  });
}

/** Writes the line of this request once its response is complete or its client is gone. */
export function logResponse(log: Logger, request: FastifyRequest, reply: FastifyReply): void {
  const entry: Entry = { arrivedAt: performance.now(), fields: {}, error: undefined, held: 0, write: undefined };
  (request.raw as Logged)[ENTRY] = entry;
  const response = reply.raw;
  response.once('close', () => {
    const durationMs = rounded(performance.now() - entry.arrivedAt);
    const finished = response.writableFinished;
    const status = finished || response.headersSent ? response.statusCode : CLIENT_CLOSED_REQUEST;
    entry.write = () => writeLine(log, request, entry, { status, finished, durationMs });
    if (entry.held === 0) entry.write();
  });
}

/** Adds fields to the line of a request; never a prompt, a completion or a key. */
export function noteForLog(request: IncomingMessage, fields: Readonly<Record<string, unknown>>): void {
  const entry = (request as Logged)[ENTRY];
  if (entry !== undefined) Object.assign(entry.fields, fields);
}

/** The request failed, whatever its status says: an error may come in the middle of a stream. */
export function noteError(request: IncomingMessage, error: AppError): void {
  const entry = (request as Logged)[ENTRY];
  if (entry !== undefined) entry.error ??= error;
}

/** Keeps the line of a request until what this returns is called: for what is known only after its client has left. */
export function holdLogLine(request: IncomingMessage): () => void {
  const entry = (request as Logged)[ENTRY];
  if (entry === undefined) return () => undefined;
  entry.held += 1;
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    entry.held -= 1;
    if (entry.held === 0) entry.write?.();
  };
}

/** Undefined for a request that is not logged. */
export function millisecondsSinceArrival(request: IncomingMessage): number | undefined {
  const entry = (request as Logged)[ENTRY];
  return entry === undefined ? undefined : rounded(performance.now() - entry.arrivedAt);
}

interface End {
  readonly status: number;
  readonly finished: boolean;
  readonly durationMs: number;
}

function writeLine(
  log: Logger,
  request: FastifyRequest,
  { error, fields }: Entry,
  { status, finished, durationMs }: End,
): void {
  const isOurFault = (error?.status ?? status) >= 500;
  const line = {
    requestId: request.id,
    ...(request.clientRequestId !== undefined && { clientRequestId: request.clientRequestId }),
    method: request.method,
    route: request.routeOptions.url ?? '(none)',
    status,
    outcome: error !== undefined ? 'failed' : finished ? 'completed' : 'client_closed',
    ...(error !== undefined && { errorCode: error.code }),
    ...(isOurFault && AppError.is(error?.cause) && { causeCode: error.cause.code }),
    durationMs,
    ...fields,
  };
  if (isOurFault) log.warn('request', line);
  else log.info('request', line);
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
