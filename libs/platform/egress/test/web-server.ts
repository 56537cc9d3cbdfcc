/** HTTP servers for tests, which count what reaches them. */
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

export interface WebServer {
  readonly port: number;
  /** Connections so far. */
  readonly connections: number;
  /** Connections that are not closed. */
  readonly openConnections: number;
  readonly requests: readonly Received[];
  close(): Promise<void>;
}

export interface Received {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** @param port default: any. */
export async function startWebServer(
  respond: RequestListener = (_request, response) => response.end('ok'),
  host = '127.0.0.1',
  port = 0,
): Promise<WebServer> {
  const requests: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url: path, headers } = request;
      requests.push({ method, path, headers, body: Buffer.concat(chunks).toString() });
      respond(request, response);
    });
  });
  return listening(server, requests, host, port);
}

/** A server of bytes: what it sends does not have to be HTTP. */
export async function startRawServer(serve: (socket: Socket) => void): Promise<WebServer> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => serve(socket));
  });
  return listening(server, [], '127.0.0.1', 0);
}

async function listening(server: Server, requests: Received[], host: string, port: number): Promise<WebServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    get openConnections() {
      return sockets.size;
    },
    requests,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
