/** Gives up clients that do not read the end of their answers, which would stay in memory for as long as they like. */
import type { FastifyInstance } from 'fastify';

/**
 * Cuts the connection of an answer that is complete on our side, once its client has read nothing of the rest for so long.
 * Answers that are still being written are their writers' affair.
 */
export function giveUpUnreadAnswers(fastify: FastifyInstance, patienceMs: number): void {
  fastify.addHook('onRequest', ({ raw: { socket } }, { raw: response }, next) => {
    response.once('prefinish', () => {
      // Nearly always the operating system has taken it all by now.
      if (socket.writableLength === 0) return;
      // Node starts a socket's timeout anew whenever a part of what was written is gone.
      socket.setTimeout(patienceMs);
      // Before the listener of Node, which sets how long an idle connection is kept; the next request has no such limit.
      response.prependOnceListener('finish', () => socket.setTimeout(0));
    });
    next();
  });
}
