/** What is known of a request before anything is decided about it: its id, the client's own id for it, and its trace. */
import { AppError } from '@xerotier/errors';
import { withLogContext } from '@xerotier/log';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { randomHex } from './random-hex.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the client calls this request. It is logged and carried along, and identifies nothing here. */
    clientRequestId?: string;
  }
}

export function requestIds(instance: string): () => string {
  return () => `req_${instance}${randomHex(12)}`;
}

export function addRequestContext(fastify: FastifyInstance, draining: () => boolean): void {
  fastify.addHook('onRequest', (request, reply, next) => {
    reply.raw.setHeader('x-request-id', request.id);
    // Whoever holds a connection to a server that is going away should open the next one elsewhere.
    if (draining()) reply.raw.setHeader('connection', 'close');
    const context = { requestId: request.id, traceparent: traceparentOf(request) };
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

const CLIENT_REQUEST_ID = /^[\x20-\x7e]{1,512}$/;

/**
 * `X-Client-Request-Id`, else the client's `X-Request-ID`. The second is ignored where it does not fit: it may come from a proxy
 * on the way, which the client knows nothing of.
 * @throws {AppError} `request.invalid` for the first, where it does not fit.
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

const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The client's trace when it sent one, else a new one (W3C Trace Context). */
function traceparentOf(request: FastifyRequest): string {
  const given = request.headers['traceparent'];
  if (typeof given === 'string' && TRACEPARENT.test(given)) return given;
  return `00-${randomHex(16)}-${randomHex(8)}-01`;
}
