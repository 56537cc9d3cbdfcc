/** One line per request, when its answer is complete or its client is gone. No query strings: they may hold secrets. */
import type { Logger } from '@xerotier/log';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** What a handler wants in the access log beside the obvious. */
    logFields?: Record<string, unknown>;
  }
}

export function logAccess(fastify: FastifyInstance, log: Logger): void {
  fastify.addHook('onRequest', (request, reply, next) => {
    logAnswer(log, request, reply);
    next();
  });
}

/** Writes the line of this request once its answer is complete or its client is gone. */
export function logAnswer(log: Logger, request: FastifyRequest, reply: FastifyReply): void {
  const startedAt = performance.now();
  reply.raw.once('close', () => line(log, request, reply.raw.statusCode, reply.raw.writableFinished, startedAt));
}

function line(log: Logger, request: FastifyRequest, status: number, finished: boolean, startedAt: number): void {
  log.info('request', {
    requestId: request.id,
    method: request.method,
    route: request.routeOptions.url ?? '(none)',
    status,
    ...(!finished && { aborted: true }),
    durationMs: Math.round((performance.now() - startedAt) * 100) / 100,
    ...request.logFields,
  });
}
