/**
 * Tracks the connections of a server. Clients that do not read the end of their responses are disconnected, because the
 * unread data would stay in memory. Shutdown does not cut off responses: Node treats a connection as idle as soon as
 * its response is written, whether or not the client has read it, and destroys it with the unsent data; here a
 * connection is idle when nothing is buffered.
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

  /**
   * @param unreadMs maximum time without reading for a client whose response is complete; detection takes up to half as
   * long again.
   */
  constructor(server: Server, unreadMs: number) {
    this.#server = server;
    // A periodic sweep is cheaper than a listener on every response.
    this.#sweep = setInterval(() => this.#watchUnread(unreadMs), unreadMs / 2).unref();
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Accepts no new connections and closes idle ones; the others continue. */
  stopAccepting(): void {
    // Not the server's own `close`, which destroys connections it considers idle.
    NetServer.prototype.close.call(this.#server);
    this.#endIdle();
  }

  /** Closes connections as they become idle, and destroys the remaining ones after the timeout. */
  async close(timeoutMs: number): Promise<void> {
    this.stopAccepting();
    clearInterval(this.#sweep);
    const deadline = performance.now() + timeoutMs;
    while (this.#sockets.size > 0 && performance.now() < deadline) {
      await delay(10);
      this.#endIdle();
    }
    for (const socket of this.#sockets) socket.destroy();
  }

  #watchUnread(unreadMs: number): void {
    for (const socket of this.#sockets) {
      const response = responseOn(socket);
      // A response that is still being written is its handler's responsibility.
      if (socket.writableLength === 0 || response?.writableEnded !== true || this.#watched.has(response)) continue;
      this.#watched.add(response);
      // Node restarts a socket's timeout whenever data is flushed, and destroys the socket when it expires.
      socket.setTimeout(unreadMs);
      // Runs before Node's listener, which sets the keep-alive timeout; the next request has no such limit.
      response.prependOnceListener('finish', () => socket.setTimeout(0));
    }
  }

  #endIdle(): void {
    for (const socket of this.#sockets) if (isIdle(socket)) socket.destroy();
  }
}

function isIdle(socket: Socket): boolean {
  return responseOn(socket) === undefined && socket.writableLength === 0;
}

/** The current response of the connection. Node has kept it under this internal name since its first releases. */
function responseOn(socket: Socket & { _httpMessage?: ServerResponse | null }): ServerResponse | undefined {
  return socket._httpMessage ?? undefined;
}
