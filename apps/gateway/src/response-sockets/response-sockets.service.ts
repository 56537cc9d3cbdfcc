/** The open WebSockets of this gateway on which responses are created: how many there may be, and how they end. */
import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import { acceptWebSocket } from '@xerotier/http';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import type { OnDrain } from '@xerotier/service-host';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { once } from 'node:events';
import { AccessService } from '../access/access.service.ts';
import { accessOf } from '../access/check-access.ts';
import { latencyTargetsOf } from '../chat-completions/latency-target-headers.ts';
import type { GatewayConfig } from '../config.ts';
import { metrics } from '../metrics.ts';
import { ResponseRequestsService } from '../responses/response-requests.service.ts';
import { TurnsService } from '../responses/turns.service.ts';
import { KeptResponses } from './kept-responses.ts';
import { ResponseSocket } from './response-socket.ts';
import type { ResponseSocketServices } from './response-socket.ts';
import { SocketCounts } from './socket-counts.ts';

@Injectable()
export class ResponseSocketsService implements OnDrain {
  readonly #config: GatewayConfig['webSockets'];
  readonly #services: ResponseSocketServices;
  readonly #counts: SocketCounts;
  /** Each with what resolves when it is closed. */
  readonly #open = new Map<ResponseSocket, Promise<void>>();
  #isDraining = false;

  constructor(
    access: AccessService,
    requests: ResponseRequestsService,
    turns: TurnsService,
    kept: KeptResponses,
    @Inject(CONFIG) { webSockets }: Pick<GatewayConfig, 'webSockets'>,
    @Inject(LOGGER) log: Logger,
  ) {
    this.#config = webSockets;
    this.#services = { access, requests, turns, kept, log };
    this.#counts = new SocketCounts(webSockets);
    metrics.webSockets.observe(() => this.#open.size);
  }

  /**
   * Makes the request a WebSocket.
   * @throws {AppError} `websocket.too_many_of_project`, `websocket.too_many_of_key`, `websocket.upgrade_required`, `service.draining`;
   * `request.invalid` for a header that is not valid.
   */
  async accept(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (this.#isDraining) throw new AppError('service.draining');
    // They are those of each request on it.
    latencyTargetsOf(request.headers);
    const release = this.#counts.add(accessOf(request));
    try {
      const open = await acceptWebSocket(request);
      reply.hijack();
      const { lifetimeSeconds, idleSeconds, pingSeconds } = this.#config;
      const socket = new ResponseSocket(open, this.#services, {
        lifetimeMs: lifetimeSeconds * 1_000,
        idleMs: idleSeconds * 1_000,
        pingMs: pingSeconds * 1_000,
      });
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      this.#open.set(socket, closed);
      open.webSocket.once('close', () => {
        this.#open.delete(socket);
        release();
        resolve();
      });
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Closes what is idle at once, and the others when their responses have ended. */
  async onDrain(signal: AbortSignal): Promise<void> {
    this.#isDraining = true;
    const closed = [...this.#open.values()];
    for (const socket of this.#open.keys()) socket.drain();
    await Promise.race([Promise.all(closed), once(signal, 'abort')]);
  }
}
