/** The context of a request: its id, the client's own id for it, and its trace. */
import { AppError } from '@xerotier/errors';
import { withLogContext } from '@xerotier/log';
import type { LogContext } from '@xerotier/log';
import { incomingTrace, traceparentOf } from '@xerotier/telemetry';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { DescribedRequest } from './access-log.ts';
import { randomHex } from './random-hex.ts';
import { measureRequest, traceRequest } from './request-telemetry.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The client's id for this request. It is logged and passed on, but identifies nothing in the platform. */
    clientRequestId?: string;
  }
}

export function requestIds(instance: string): () => string {
  return () => `req_${instance}${randomHex(12)}`;
}

export function addRequestContext(fastify: FastifyInstance, draining: () => boolean): void {
  fastify.addHook('onRequest', (request, reply, next) => {
    reply.raw.setHeader('x-request-id', request.id);
    // Clients of a server that is shutting down should open their next connection elsewhere.
    if (draining()) reply.raw.setHeader('connection', 'close');
    measureRequest(request);
    const context = contextOf(request);
    let clientRequestId: string | undefined;
    try {
      clientRequestId = clientRequestIdOf(request);
    } catch (error) {
      withLogContext(context, () => next(error as AppError));
      return;
    }
    if (clientRequestId === undefined) withLogContext(context, next);
    else {
      request.clientRequestId = clientRequestId;
      withLogContext({ ...context, clientRequestId }, next);
    }
  });
}

/** Begins the span of a request. */
export function contextOf(request: DescribedRequest): LogContext {
  return { requestId: request.id, ...traceOf(request) };
}

const CLIENT_REQUEST_ID = /^[\x20-\x7e]{1,512}$/;

/**
 * Returns `X-Client-Request-Id`, else the client's `X-Request-ID`. An invalid `X-Request-ID` is ignored: a proxy may
 * have set it without the client's knowledge.
 * @throws {AppError} `request.invalid` for an invalid `X-Client-Request-Id`.
 */
function clientRequestIdOf({ headers }: FastifyRequest): string | undefined {
  const own = headers['x-client-request-id'];
  if (own !== undefined && own !== '') {
    if (typeof own === 'string' && CLIENT_REQUEST_ID.test(own)) return own;
    const param = 'X-Client-Request-Id';
    throw new AppError(
      'request.invalid',
      { reason: `Invalid value for '${param}': must be up to 512 printable ASCII characters.` },
      { param },
    );
  }
  const common = headers['x-request-id'];
  return typeof common === 'string' && CLIENT_REQUEST_ID.test(common) ? common : undefined;
}

/** Starts the span of this request within the client's trace. Without tracing, returns the client's trace, or a new one. */
function traceOf(request: DescribedRequest): Pick<LogContext, 'traceparent' | 'tracestate'> {
  const { traceparent, tracestate } = request.headers;
  const incoming = incomingTrace(traceparent, tracestate);
  const span = traceRequest(request, incoming);
  const own = span === undefined ? undefined : traceparentOf(span);
  return {
    traceparent: own ?? incoming?.traceparent ?? `00-${randomHex(16)}-${randomHex(8)}-01`,
    ...(incoming?.tracestate !== undefined && { tracestate: incoming.tracestate }),
  };
}
