import { jest } from '@jest/globals';
import { AppError } from '@xerotier/errors';
import { eventually } from '@xerotier/testing';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { MediaResponse } from './media-response.ts';

const SOUND = { workerId: 'w1', contentType: 'audio/wav' };
const EVENTS = { workerId: 'w1', contentType: 'text/event-stream' };

interface Exchange {
  readonly client: Socket;
  readonly sink: MediaResponse;
  /** What the run was told. */
  readonly told: string[];
  readonly received: () => string;
  readonly closed: Promise<unknown>;
}

let server: Server;
const clients: Socket[] = [];

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  jest.useRealTimers();
  for (const client of clients.splice(0)) client.destroy();
  await new Promise((resolve) => server.close(resolve).closeAllConnections());
});

async function exchange({ ourTimers = false } = {}): Promise<Exchange> {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  clients.push(client);
  const chunks: string[] = [];
  client.on('data', (chunk: Buffer) => chunks.push(chunk.toString('latin1')));
  client.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  if (ourTimers) jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });
  const sink = new MediaResponse(response);
  const told: string[] = [];
  sink.attach({
    cancel: () => told.push('cancel'),
    pause: () => told.push('pause'),
    resume: () => told.push('resume'),
  });
  return { client, sink, told, received: () => chunks.join(''), closed: once(client, 'close') };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Writes until nothing more goes into the connection: what the kernel takes is no pause that lasts. */
async function fill(sink: MediaResponse, told: readonly string[]): Promise<void> {
  for (let pieces = 0, quietTurns = 0; quietTurns < 50;) {
    const isHeld = told.at(-1) === 'pause';
    if (!isHeld) sink.data(Buffer.alloc(65_536));
    quietTurns = isHeld ? quietTurns + 1 : 0;
    if (!isHeld && (pieces += 1) > 1_000) throw new Error('The worker is never held back.');
    await turn();
  }
}

describe('a media answer', () => {
  it('has the type that it comes in, and its bytes', async () => {
    const { sink, received } = await exchange();
    sink.head(SOUND);
    sink.data(Buffer.from([0, 255]));
    sink.data(Buffer.alloc(0));
    sink.data(Buffer.from('RIFF'));
    sink.end();
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    expect(received()).toMatch(/^HTTP\/1\.1 200 /);
    expect(received()).toContain('content-type: audio/wav\r\n');
    expect(received()).toContain('x-content-type-options: nosniff\r\n');
    expect(received()).toContain('x-xerotier-worker-id: w1\r\n');
    expect(received()).not.toContain('cache-control');
    expect(received().slice(received().indexOf('\r\n\r\n') + 4)).toBe('2\r\n\0ÿ\r\n4\r\nRIFF\r\n0\r\n\r\n');
  });

  it('may have no bytes at all', async () => {
    const { sink, received } = await exchange();
    sink.head(SOUND);
    sink.end();
    await eventually('it is complete', () => received().endsWith('\r\n\r\n0\r\n\r\n'));
  });

  it('of events is not kept by proxies', async () => {
    const { sink, received } = await exchange();
    sink.head(EVENTS);
    sink.end();
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    for (const header of ['cache-control: no-cache', 'x-accel-buffering: no']) expect(received()).toContain(header);
  });

  it('that fails before its first byte is an ordinary error', async () => {
    const { sink, received } = await exchange();
    sink.error(new AppError('router.no_worker', { model: 'm' }));
    await eventually('it is complete', () => received().includes('no_worker_available'));
    expect(received()).toMatch(/^HTTP\/1\.1 503 /);
  });

  it('that fails after it is cut, so that it does not look whole', async () => {
    const { sink, received, closed } = await exchange();
    sink.head(SOUND);
    sink.data(Buffer.from('half'));
    await eventually('it has begun', () => received().includes('half'));
    sink.error(new AppError('inference.engine_failed'));
    sink.end();
    await closed;
    expect(received()).not.toContain('0\r\n\r\n');
  });

  it('of events that fails after it ends with an event of its own', async () => {
    const { sink, received } = await exchange();
    sink.head(EVENTS);
    sink.data(Buffer.from('data: {"ha'));
    sink.error(new AppError('inference.engine_failed'));
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    expect(received()).toMatch(/data: \{"ha\r\n[0-9a-f]+\r\n\n\ndata: \{"message".*"type":"stream_error"/);
  });

  it('stops the worker when its client has left', async () => {
    const { client, sink, told } = await exchange();
    sink.head(SOUND);
    client.destroy();
    await eventually('it is told', () => told.includes('cancel'));
    sink.data(Buffer.from('late'));
    sink.end();
  });

  it('holds the worker back while its client does not read, and goes on with it', async () => {
    const { client, sink, told } = await exchange();
    client.pause();
    sink.head(SOUND);
    await fill(sink, told);
    client.resume();
    await eventually('it goes on', () => told.at(-1) === 'resume');
  });

  it('is given up when its client reads nothing for half a minute', async () => {
    const { client, sink, told, closed } = await exchange({ ourTimers: true });
    client.pause();
    sink.head(SOUND);
    await fill(sink, told);
    jest.advanceTimersByTime(29_999);
    expect(told.at(-1)).toBe('pause');
    expect(told).not.toContain('cancel');
    jest.advanceTimersByTime(1);
    client.resume();
    await closed;
    jest.useRealTimers();
    await eventually('the worker is stopped', () => told.includes('cancel'));
  });
});
