/**
 * WebSockets on routes of an application. A request to open one passes the same hooks as any other, and is rejected like any other; the
 * handler of its route accepts it.
 */
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ServerResponse } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { endRequest } from './access-log.ts';
import { SocketRequest } from './socket-request.ts';

export interface WebSocketsOptions {
  readonly log: Logger;
  readonly newRequestId: () => string;
  /** A larger message closes the WebSocket with 1009. */
  readonly messageBytesMax: number;
}

export interface OpenWebSocket {
  readonly webSocket: WebSocket;
  /** The connection, which tells whether its client keeps up. */
  readonly socket: Socket;
  /** Begins a request for a message that has come. */
  beginRequest(): SocketRequest;
}

interface Upgrade extends WebSocketsOptions {
  readonly server: WebSocketServer;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly response: ServerResponse;
  /** For a handshake that is not valid. */
  reject?: (error: Error) => void;
}

const UPGRADE = Symbol('upgrade');
type Upgradable = IncomingMessage & { [UPGRADE]?: Upgrade };

const SWITCHING_PROTOCOLS = 101;
/** How long a client has to confirm that a WebSocket is closed, before its connection is. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Whether a request wants a WebSocket. Node ignores any other upgrade, which RFC 9110 allows: some clients try HTTP/2 this way. */
export function wantsWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

export function routeWebSockets(fastify: FastifyInstance, options: WebSocketsOptions): void {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: options.messageBytesMax,
    // Its types do not have it yet.
    ...({ closeTimeout: CLOSE_TIMEOUT_MS } as object),
    // Compressed messages of clients would have to be inflated to be bounded, and each connection would keep the windows.
    perMessageDeflate: false,
  });
  server.on('headers', (headers, request) => {
    const id = upgradeOf(request)?.response.getHeader('x-request-id');
    if (id !== undefined) headers.push(`X-Request-ID: ${String(id)}`);
  });
  server.on('wsClientError', (error, _socket, request) => upgradeOf(request)?.reject?.(error));
  fastify.server.on('upgrade', (request: Upgradable, socket: Socket, head: Buffer) => {
    // Node has removed its own listener.
    socket.on('error', () => socket.destroy());
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    // It stays assigned: `Connections` would close the socket as idle.
    response.assignSocket(socket);
    response.once('finish', () => socket.destroySoon());
    request[UPGRADE] = { ...options, server, socket, head, response };
    fastify.routing(request, response);
  });
}

/** @throws {AppError} `websocket.upgrade_required`; `request.invalid` for a handshake that is not valid. */
export function acceptWebSocket(request: FastifyRequest): Promise<OpenWebSocket> {
  const { raw } = request;
  const upgrade = upgradeOf(raw);
  if (upgrade === undefined) throw new AppError('websocket.upgrade_required');
  const { server, socket, head, newRequestId, log } = upgrade;
  return new Promise((resolve, reject) => {
    upgrade.reject = (cause) => reject(new AppError('request.invalid', { reason: `${cause.message}.` }, { cause }));
    server.handleUpgrade(raw, socket, head, (webSocket) => {
      endRequest(raw, SWITCHING_PROTOCOLS, true);
      resolve({ webSocket, socket, beginRequest: () => new SocketRequest(newRequestId(), request, log) });
    });
  });
}

function upgradeOf(request: IncomingMessage): Upgrade | undefined {
  return (request as Upgradable)[UPGRADE];
}
