/**
 * The connections of a server: clients that do not read the end of their answers are given up, since these would stay in
 * memory for as long as they like. And closing without cutting answers. Node calls a connection idle as soon as its answer is written, whether or not
 * the client has read it, and destroys it with what is still on its way; here it is idle when nothing is.
 */
import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export class Connections {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #watched = new WeakSet<ServerResponse>();
  readonly #sweep: NodeJS.Timeout;

  /** @param unreadMs how long a client may read nothing of an answer that is complete; half as long may come on top. */
  constructor(server: Server, unreadMs: number) {
    this.#server = server;
    // Looking at all of them now and then costs less than listening to every answer.
    this.#sweep = setInterval(() => this.#watchUnread(unreadMs), unreadMs / 2).unref();
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Takes no new connection and ends idle ones; the others go on. */
  stopAccepting(): void {
    // Not the server's own `close`, which destroys what it takes for idle.
    NetServer.prototype.close.call(this.#server);
    this.#endIdle();
  }

  /** Ends connections as they fall idle, and the last ones by force when the time is over. */
  async close(patienceMs: number): Promise<void> {
    this.stopAccepting();
    clearInterval(this.#sweep);
    const deadline = performance.now() + patienceMs;
    while (this.#sockets.size > 0 && performance.now() < deadline) {
      await delay(10);
      this.#endIdle();
    }
    for (const socket of this.#sockets) socket.destroy();
  }

  #watchUnread(unreadMs: number): void {
    for (const socket of this.#sockets) {
      const response = respondOn(socket);
      // Answers that are still being written are their writers' affair.
      if (socket.writableLength === 0 || response?.writableEnded !== true || this.#watched.has(response)) continue;
      this.#watched.add(response);
      // Node starts a socket's timeout anew whenever a part of what was written is gone, and destroys it in the end.
      socket.setTimeout(unreadMs);
      // Before the listener of Node, which sets how long an idle connection is kept; the next request has no such limit.
      response.prependOnceListener('finish', () => socket.setTimeout(0));
    }
  }

  #endIdle(): void {
    for (const socket of this.#sockets) if (isIdle(socket)) socket.destroy();
  }
}

function isIdle(socket: Socket): boolean {
  return respondOn(socket) === undefined && socket.writableLength === 0;
}

/** The answer that has the connection now. Node keeps it there, under this name since its first releases. */
function respondOn(socket: Socket & { _httpMessage?: ServerResponse | null }): ServerResponse | undefined {
  return socket._httpMessage ?? undefined;
}
