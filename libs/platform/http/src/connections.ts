/**
 * Closing a server without cutting answers. Node calls a connection idle as soon as its answer is written, whether or not
 * the client has read it, and destroys it with what is still on its way; here it is idle when nothing is.
 */
import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export class Connections {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(server: Server) {
    this.#server = server;
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
    const deadline = performance.now() + patienceMs;
    while (this.#sockets.size > 0 && performance.now() < deadline) {
      await delay(10);
      this.#endIdle();
    }
    for (const socket of this.#sockets) socket.destroy();
  }

  #endIdle(): void {
    for (const socket of this.#sockets) if (isIdle(socket)) socket.destroy();
  }
}

function isIdle(socket: Socket & { _httpMessage?: ServerResponse | null }): boolean {
  return (socket._httpMessage ?? undefined) === undefined && socket.writableLength === 0;
}
