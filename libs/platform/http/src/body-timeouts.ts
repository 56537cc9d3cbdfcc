/**
 * How long a body may take to arrive. Node has one limit for all requests of a server; here a body that is held in memory has a
 * short one, and one that is streamed must only not stop to arrive.
 */
import type { FastifyInstance } from 'fastify';
import { Socket } from 'node:net';
import { respondToClientError } from './error-reply.ts';

export interface BodyTimeouts {
  /** Of a body that is parsed in memory. Default 120,000: enough for 32 MB over a slow connection. */
  readonly parsedMs?: number;
  /** Without a byte of a streamed body. Default 60,000. */
  readonly idleMs?: number;
}

/** Of any request, also one that is streamed: 8 GB take this long at 10 Mbit/s. */
export const REQUEST_TIMEOUT_MS = 2 * 60 * 60 * 1_000;

const TIMED_OUT = Object.assign(new Error('The body did not arrive in time'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });

/** A request that is too slow is a 408, and its connection is closed. */
export function limitBodyTimes(
  fastify: FastifyInstance,
  { parsedMs = 120_000, idleMs = 60_000 }: BodyTimeouts = {},
): void {
  fastify.addHook('preParsing', (request, reply, body, done) => {
    const { raw } = request;
    const hasBody = raw.headers['content-length'] !== undefined || raw.headers['transfer-encoding'] !== undefined;
    // Kept, since the request does not have it any more once it is closed.
    const { socket } = raw;
    // An injected request and the line of a batch have no connection, and their whole body from the beginning.
    if (hasBody && socket instanceof Socket) {
      const expire = (): void => {
        if (raw.complete) return;
        // It has its response already, and the rest of the body is not wanted.
        if (reply.raw.headersSent) socket.destroy();
        else respondToClientError(TIMED_OUT, socket, request.id);
      };
      if (request.routeOptions.config.form === 'streamed') {
        let wasRead = true;
        raw.setTimeout(idleMs, () => {
          const isRead = raw.readableLength === 0;
          // The client waits for this service, or did so within this time.
          if (isRead && wasRead) expire();
          else socket.setTimeout(idleMs);
          wasRead = isRead;
        });
        raw.once('close', () => {
          // After the response it is the timeout of an idle connection.
          if (!reply.raw.writableFinished) socket.setTimeout(0);
        });
      } else {
        const timer = setTimeout(expire, parsedMs);
        raw.once('close', () => clearTimeout(timer));
      }
    }
    done(null, body);
  });
}
