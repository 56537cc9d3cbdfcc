import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { SLOW_MS, thingsApp } from '../test/things-app.ts';

const things = thingsApp();
const IDLE_MS = 300;

/** Sends the head of a POST, and then a byte after each of these pauses, of a body that is longer. */
async function trickle(
  path: string,
  type: string,
  pausesMs: readonly number[],
  length: number,
  connection = 'close',
): Promise<string> {
  const socket = connect(things.port, '127.0.0.1');
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: x',
    `content-type: ${type}`,
    `content-length: ${length}`,
    `connection: ${connection}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  const response = text(socket);
  for (const pause of pausesMs) {
    await delay(pause);
    if (!socket.writable) break;
    socket.write('1');
  }
  return response;
}

const FORM = 'multipart/form-data; boundary=b';

describe('a body that is parsed', () => {
  it('must arrive in time, however it trickles', async () => {
    await things.restart({ bodyTimeouts: { parsedMs: IDLE_MS, idleMs: IDLE_MS } });
    const pauses = Array.from({ length: 100 }, () => 20);
    const response = await trickle('/things', 'application/json', pauses, 1_000);
    expect(response).toMatch(/^HTTP\/1\.1 408 [^]*x-request-id: req_[^]*"code":"request_timeout"/);
  });

  it('is not limited if the request was injected', async () => {
    await things.restart({ bodyTimeouts: { parsedMs: 50 } });
    const fastify = things.app.nest.getHttpAdapter().getInstance();
    const payload = { name: 'a' };
    expect((await fastify.inject({ method: 'POST', url: '/things', payload })).statusCode).toBe(201);
    // An exception of a timer would end the process.
    await delay(200);
  });

  it('may be followed by a response that takes longer', async () => {
    await things.restart({ bodyTimeouts: { parsedMs: 100_000, idleMs: 1 } });
    expect(await trickle('/things', 'application/json', [100, 100], 2)).toMatch(/^HTTP\/1\.1 201 /);
  });
});

describe('a body that is streamed', () => {
  it('may take any time while it arrives', async () => {
    await things.restart({ bodyTimeouts: { parsedMs: 1, idleMs: IDLE_MS * 10 } });
    const pauses = Array.from({ length: 20 }, () => 10);
    expect(await trickle('/forms', FORM, pauses, 20)).toMatch(/^HTTP\/1\.1 201 [^]*{"bytes":20}/);
  });

  it('is a 408 when it stops to arrive', async () => {
    await things.restart({ bodyTimeouts: { idleMs: IDLE_MS } });
    expect(await trickle('/forms', FORM, [1, 1], 1_000)).toMatch(/^HTTP\/1\.1 408 [^]*"code":"request_timeout"/);
  });

  it('may stop to arrive after an early response: the connection is closed then', async () => {
    await things.restart({ bodyTimeouts: { idleMs: IDLE_MS } });
    const server = things.app.nest.getHttpServer();
    Object.assign(server, { keepAliveTimeout: IDLE_MS, keepAliveTimeoutBuffer: 0 });
    // An exception of a timer would end the process.
    const response = await trickle('/forms/rejected', FORM, [1, 1], 1_000, 'keep-alive');
    expect(response).toMatch(/^HTTP\/1\.1 503 /);
    expect(response.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it('is not a 408 if the service does not read it', async () => {
    await things.restart({ bodyTimeouts: { idleMs: SLOW_MS / 4 } });
    const response = await trickle('/forms/slow', FORM, [1, 1, SLOW_MS * 1.1, 1], 4);
    expect(response).toMatch(/^HTTP\/1\.1 201 [^]*{"bytes":4}/);
  });
});
