import 'reflect-metadata';
import { Controller, Get, Module, Req, Res } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import { capturedLog } from '@xerotier/log/testing';
import { logContext } from '@xerotier/log';
import { eventually } from '@xerotier/testing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { once } from 'node:events';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';
import { noteError, noteForLog } from './access-log.ts';
import { createHttpApp } from './http-app.ts';
import type { HttpApp, HttpAppOptions } from './http-app.ts';
import { acceptWebSocket } from './web-sockets.ts';

const BYTES_MAX = 4_096;

@Controller()
class SocketsController {
  @Get('plain')
  plain(): object {
    return { plain: true };
  }

  /** Sends the id of each message, and the one of its context. */
  @Get('socket')
  async accept(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const open = await acceptWebSocket(request);
    reply.hijack();
    open.webSocket.on('error', () => undefined);
    open.webSocket.on('message', (data: Buffer) => {
      const message = open.beginRequest();
      noteForLog(message, { text: data.toString() });
      message.run(() => open.webSocket.send(JSON.stringify([message.id, logContext()?.requestId])));
      if (data.toString() === 'fail') noteError(message, new AppError('request.timeout'));
      message.end(data.toString() === 'leave' ? undefined : 200, data.toString() !== 'leave');
      message.end(500, true);
    });
  }
}

@Module({ controllers: [SocketsController] })
class SocketsModule {}

let app: HttpApp;
let port: number;
let log: ReturnType<typeof capturedLog>;
const clients: WebSocket[] = [];

async function start(options: Partial<HttpAppOptions> = {}): Promise<void> {
  log = capturedLog();
  app = await createHttpApp(SocketsModule, { log: log.log, bodyBytesMax: BYTES_MAX, webSockets: true, ...options });
  port = await app.listen(0, '127.0.0.1');
}

beforeEach(() => start());
afterEach(async () => {
  for (const client of clients.splice(0)) client.terminate();
  await app.close();
});

function client(path = '/socket', options: ClientOptions = {}): WebSocket {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options);
  clients.push(webSocket.on('error', () => undefined));
  return webSocket;
}

/** Returns the status of the response to a request that did not become a WebSocket. */
async function rejection(webSocket: WebSocket): Promise<{ status: number; body: string; id: unknown }> {
  const [, response] = (await once(webSocket, 'unexpected-response')) as [unknown, import('node:http').IncomingMessage];
  let body = '';
  for await (const part of response) body += String(part);
  return { status: response.statusCode ?? 0, body, id: response.headers['x-request-id'] };
}

const lines = (): Record<string, unknown>[] => log.lines().filter(({ msg }) => msg === 'request completed');

async function raw(head: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(`${head}\r\nhost: x\r\n\r\n`);
  let text = '';
  for await (const part of socket) text += String(part);
  return text;
}

describe('a WebSocket', () => {
  it('has requests with ids and lines of their own', async () => {
    const webSocket = client();
    const [[upgrade]] = await Promise.all([once(webSocket, 'upgrade'), once(webSocket, 'open')]);
    const id = (upgrade as { headers: Record<string, string> }).headers['x-request-id'];
    expect(id).toMatch(/^req_[0-9a-f]{32}$/);
    const ids: string[] = [];
    for (const text of ['one', 'fail', 'leave']) {
      webSocket.send(text);
      const [own, inContext] = JSON.parse(String((await once(webSocket, 'message'))[0])) as [string, string];
      expect(own).toBe(inContext);
      ids.push(own);
    }
    webSocket.close();
    await once(webSocket, 'close');
    const common = { method: 'GET', route: '/socket', durationMs: expect.any(Number) };
    expect(lines()).toMatchObject([
      { ...common, requestId: id, status: 101, outcome: 'completed' },
      { ...common, requestId: ids[0], status: 200, outcome: 'completed', text: 'one' },
      { ...common, requestId: ids[1], status: 200, outcome: 'failed', errorCode: 'request.timeout', text: 'fail' },
      { ...common, requestId: ids[2], status: 499, outcome: 'client_closed', text: 'leave' },
    ]);
    expect(new Set([id, ...ids]).size).toBe(4);
  });

  it('is open while the server stops accepting connections, and is closed with the server', async () => {
    const webSocket = client();
    await once(webSocket, 'open');
    app.stopAccepting();
    webSocket.send('still');
    expect(String((await once(webSocket, 'message'))[0])).toContain('req_');
    const closed = once(webSocket, 'close');
    await app.close();
    await closed;
    await start();
  });

  it.each([
    ['is as large as a body', BYTES_MAX, undefined],
    ['is larger', BYTES_MAX + 1, 1009],
  ])('whose message %s', async (_, bytes, code) => {
    const webSocket = client();
    await once(webSocket, 'open');
    webSocket.send('x'.repeat(bytes));
    const first = await Promise.race([
      once(webSocket, 'message').then(() => undefined),
      once(webSocket, 'close').then(([received]) => received as number),
    ]);
    expect(first).toBe(code);
  });

  it('is not compressed', async () => {
    const webSocket = client('/socket', { perMessageDeflate: true });
    await once(webSocket, 'open');
    expect(webSocket.extensions).toBe('');
  });
});

describe('a request for a WebSocket', () => {
  it('on another route has its response, and the connection is closed', async () => {
    const webSocket = client('/plain');
    expect(await rejection(webSocket)).toMatchObject({ status: 200, body: '{"plain":true}' });
    await eventually('the line is written', () => lines().length === 1);
    expect(lines()).toMatchObject([{ route: '/plain', status: 200, outcome: 'completed' }]);
  });

  it('that a hook rejects is an ordinary rejection', async () => {
    await app.close();
    const reject = (): never => {
      throw new AppError('auth.missing_key');
    };
    await start({ onRequest: reject });
    const { status, body, id } = await rejection(client());
    expect([status, id]).toEqual([401, expect.stringMatching(/^req_/)]);
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'invalid_api_key' } });
    await eventually('the line is written', () => lines().length === 1);
    expect(lines()).toMatchObject([{ status: 401, outcome: 'failed', errorCode: 'auth.missing_key' }]);
  });

  it.each([
    ['', 400, 'invalid_request'],
    ['\r\nsec-websocket-key: x', 400, 'invalid_request'],
    ['\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 7', 400, 'invalid_request'],
  ])('with an invalid handshake (%j) is rejected', async (headers, status, code) => {
    const response = await raw(`GET /socket HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket${headers}`);
    expect(response).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(response).toContain(`"code":"${code}"`);
  });

  it('without an upgrade is a 426', async () => {
    const response = await fetch(`http://127.0.0.1:${port}/socket`);
    expect([response.status, await response.json()]).toMatchObject([426, { error: { code: 'upgrade_required' } }]);
    expect(response.headers.get('upgrade')).toBe('websocket');
  });

  it.each(['h2c', 'websocket'])('is not read as an upgrade to %s elsewhere', async (protocol) => {
    const method = protocol === 'h2c' ? 'GET' : 'POST';
    const path = protocol === 'h2c' ? '/plain' : '/socket';
    const response = await raw(`${method} ${path} HTTP/1.1\r\nconnection: upgrade\r\nupgrade: ${protocol}`);
    expect(response).toMatch(protocol === 'h2c' ? /^HTTP\/1.1 200 / : /^HTTP\/1.1 405 /);
  });

  it('is none without the option', async () => {
    await app.close();
    await start({ webSockets: false });
    expect(await rejection(client())).toMatchObject({ status: 426 });
    expect(await rejection(client('/plain'))).toMatchObject({ status: 200 });
  });
});
