import { AppError } from '@xerotier/errors';
import { eventually } from '@xerotier/testing';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { mock } from 'node:test';
import { MediaResponse } from './media-response.ts';

const SOUND = { workerId: 'w1', contentType: 'audio/wav' };
const EVENTS = { workerId: 'w1', contentType: 'text/event-stream' };

interface Exchange {
  readonly client: Socket;
  readonly sink: MediaResponse;
  /** Calls to the run. */
  readonly calls: string[];
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
  mock.timers.reset();
  for (const client of clients.splice(0)) client.destroy();
  await new Promise((resolve) => server.close(resolve).closeAllConnections());
});

async function exchange({ fakeTimers = false } = {}): Promise<Exchange> {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  clients.push(client);
  const chunks: string[] = [];
  client.on('data', (chunk: Buffer) => chunks.push(chunk.toString('latin1')));
  client.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  if (fakeTimers) mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const sink = new MediaResponse(response);
  const calls: string[] = [];
  sink.attach({
    cancel: () => calls.push('cancel'),
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
  });
  return { client, sink, calls, received: () => chunks.join(''), closed: once(client, 'close') };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Writes until the run stays paused; short pauses end when the kernel accepts more data. */
async function fill(sink: MediaResponse, calls: readonly string[]): Promise<void> {
  for (let chunks = 0, pausedTurns = 0; pausedTurns < 50;) {
    const isPaused = calls.at(-1) === 'pause';
    if (!isPaused) sink.data(Buffer.alloc(65_536));
    pausedTurns = isPaused ? pausedTurns + 1 : 0;
    if (!isPaused && (chunks += 1) > 1_000) throw new Error('the run was never paused');
    await turn();
  }
}

describe('MediaResponse', () => {
  it('writes the content type and the bytes of the worker', async () => {
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

  it('writes an empty body without data', async () => {
    const { sink, received } = await exchange();
    sink.head(SOUND);
    sink.end();
    await eventually('it is complete', () => received().endsWith('\r\n\r\n0\r\n\r\n'));
  });

  it('disables caching and buffering of events by proxies', async () => {
    const { sink, received } = await exchange();
    sink.head(EVENTS);
    sink.end();
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    for (const header of ['cache-control: no-cache', 'x-accel-buffering: no']) expect(received()).toContain(header);
  });

  it('writes an HTTP error if the run fails before its first byte', async () => {
    const { sink, received } = await exchange();
    sink.error(new AppError('router.no_worker', { model: 'm' }));
    await eventually('it is complete', () => received().includes('no_worker_available'));
    expect(received()).toMatch(/^HTTP\/1\.1 503 /);
  });

  it('closes the connection if the run fails after its first byte', async () => {
    const { sink, received, closed } = await exchange();
    sink.head(SOUND);
    sink.data(Buffer.from('half'));
    await eventually('it has started', () => received().includes('half'));
    sink.error(new AppError('inference.engine_failed'));
    sink.end();
    await closed;
    expect(received()).not.toContain('0\r\n\r\n');
  });

  it('ends an event stream with an error event if the run fails', async () => {
    const { sink, received } = await exchange();
    sink.head(EVENTS);
    sink.data(Buffer.from('data: {"ha'));
    sink.error(new AppError('inference.engine_failed'));
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    expect(received()).toMatch(/data: \{"ha\r\n[0-9a-f]+\r\n\n\ndata: \{"message".*"type":"stream_error"/);
  });

  it('cancels the run after the client has disconnected', async () => {
    const { client, sink, calls } = await exchange();
    sink.head(SOUND);
    client.destroy();
    await eventually('the run is cancelled', () => calls.includes('cancel'));
    sink.data(Buffer.from('late'));
    sink.end();
  });

  it('pauses the run while the client does not read, and resumes it', async () => {
    const { client, sink, calls } = await exchange();
    client.pause();
    sink.head(SOUND);
    await fill(sink, calls);
    client.resume();
    await eventually('the run resumes', () => calls.at(-1) === 'resume');
  });

  it('closes the connection of a client that reads nothing for 30 seconds', async () => {
    const { client, sink, calls, closed } = await exchange({ fakeTimers: true });
    client.pause();
    sink.head(SOUND);
    await fill(sink, calls);
    mock.timers.tick(29_999);
    expect(calls.at(-1)).toBe('pause');
    expect(calls).not.toContain('cancel');
    mock.timers.tick(1);
    client.resume();
    await closed;
    mock.timers.reset();
    await eventually('the run is cancelled', () => calls.includes('cancel'));
  });
});
