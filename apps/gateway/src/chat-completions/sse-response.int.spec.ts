import { AppError } from '@xerotier/errors';
import { eventually } from '@xerotier/testing';
import fc from 'fast-check';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { mock } from 'node:test';
import { ChatEnvelope } from './chat-envelope.ts';
import { SseResponse } from './sse-response.ts';

const HEAD = { workerId: 'w1', maxTokensClampedFrom: 4_096 };
const USAGE = {
  promptTokens: 1,
  cachedTokens: 0,
  completionTokens: 2,
  reasoningTokens: 0,
  acceptedPredictionTokens: 0,
  rejectedPredictionTokens: 0,
};

/** A request in progress: the socket of the client, and the response that is written to it. */
interface Exchange {
  readonly client: Socket;
  readonly response: ServerResponse;
  readonly sink: SseResponse;
  /** Calls to the run. */
  readonly calls: string[];
  readonly received: () => string;
  readonly closed: Promise<unknown>;
}

let server: Server;
const clients: Socket[] = [];
const errors: unknown[] = [];

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  mock.timers.reset();
  for (const client of clients.splice(0)) client.destroy();
  await new Promise((resolve) => server.close(resolve).closeAllConnections());
  expect(errors.splice(0)).toEqual([]);
});

async function exchange(options: { withUsage?: boolean; timers?: 'real' | 'fake' } = {}): Promise<Exchange> {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  clients.push(client);
  const chunks: string[] = [];
  client.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  client.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  response.on('error', (error) => errors.push(error));
  if (options.timers === 'fake') mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const fields = { id: 'chatcmpl-1', createdSeconds: 1, model: 'tiny', tier: 'free' };
  const sink = new SseResponse(response, new ChatEnvelope(fields, { withUsage: options.withUsage ?? false }));
  const calls: string[] = [];
  sink.attach({
    cancel: () => calls.push('cancel'),
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
  });
  return { client, response, sink, calls, received: () => chunks.join(''), closed: once(client, 'close') };
}

/** Returns the body without chunk framing. */
function bodyOf(received: string): string {
  return received
    .slice(received.indexOf('\r\n\r\n') + 4)
    .replace(/(?:^|\r\n)[0-9a-f]+\r\n/g, '')
    .trimEnd();
}

function dataOf(received: string): unknown[] {
  return bodyOf(received)
    .split('\n\n')
    .filter((event) => event.startsWith('data: '))
    .map((event) => (event === 'data: [DONE]' ? '[DONE]' : JSON.parse(event.slice('data: '.length))));
}

/** Decodes a chunked body. */
function unchunked(sink: Buffer): string {
  const parts: Buffer[] = [];
  for (let offset = sink.indexOf('\r\n\r\n') + 4; ;) {
    const lineEnd = sink.indexOf('\r\n', offset);
    const length = Number.parseInt(sink.toString('latin1', offset, lineEnd), 16);
    if (length === 0) return Buffer.concat(parts).toString();
    parts.push(sink.subarray(lineEnd + 2, lineEnd + 2 + length));
    offset = lineEnd + 2 + length + 2;
  }
}

/** Parses server-sent events as specified: lines end with CR, LF or both. */
function eventsOf(stream: string): string[] {
  const events: string[] = [];
  let data: string[] = [];
  for (const line of stream.split(/\r\n|\r|\n/)) {
    if (line === '' && data.length > 0) {
      events.push(data.join('\n'));
      data = [];
    } else if (line !== '') {
      expect(line.startsWith('data: ')).toBe(true);
      data.push(line.slice('data: '.length));
    }
  }
  return events;
}

function sendToken(sink: SseResponse, content: string): void {
  sink.data(Buffer.from(JSON.stringify([{ index: 0, delta: { content } }])));
}

describe('SseResponse', () => {
  it('writes the headers with the first token', async () => {
    const { sink, received, response } = await exchange();
    expect(response.headersSent).toBe(false);
    sink.head(HEAD);
    sendToken(sink, 'hello');
    await eventually('it arrives', () => received().includes('hello'));
    expect(received()).toMatch(/^HTTP\/1\.1 200 /);
    expect(received().toLowerCase()).toContain('content-type: text/event-stream; charset=utf-8\r\n');
    expect(received().toLowerCase()).toContain('cache-control: no-cache\r\n');
    expect(received().toLowerCase()).toContain('x-accel-buffering: no\r\n');
    expect(received().toLowerCase()).toContain('x-xerotier-worker-id: w1\r\n');
    expect(received().toLowerCase()).toContain('x-xerotier-max-tokens-clamped: 4096\r\n');
    expect(dataOf(received())).toMatchObject([{ choices: [{ delta: { content: 'hello' } }] }]);
  });

  it('ends with the requested usage and [DONE]', async () => {
    const { sink, received } = await exchange({ withUsage: true });
    sink.head(HEAD);
    sendToken(sink, 'a');
    sendToken(sink, 'b');
    sink.end(USAGE);
    await eventually('it is complete', () => received().includes('[DONE]'));
    expect(dataOf(received())).toMatchObject([
      { usage: null },
      { usage: null },
      { choices: [], usage: { total_tokens: 3 } },
      '[DONE]',
    ]);
  });

  it('escapes output that looks like events', async () => {
    const { sink, received } = await exchange();
    const nasty = '\n\ndata: [DONE]\n\n\r\n0\r\n\r\nevent: error\n: comment\u2028';
    sink.head(HEAD);
    sendToken(sink, nasty);
    sink.end(USAGE);
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    const data = dataOf(received());
    expect(data).toHaveLength(2);
    expect(data).toMatchObject([{ choices: [{ delta: { content: nasty } }] }, '[DONE]']);
  });

  it('delivers arbitrary text of interleaved choices unchanged, and ends once', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\n\ndata: [DONE]\n\n',
        '\r',
        '\r\n\r\n',
        '\u2028',
        '\u0085',
        '\0',
        '\ud800',
        '\udc00',
        '0\r\n\r\n',
      ),
      fc.constantFrom('data: ', 'event: error\n', ': ', 'id: 1\n', '"}]}\n\n', '\ufeff', '\\', '\\n'),
    );
    const delta = fc.record({ index: fc.nat({ max: 3 }), content: text });
    await fc.assert(
      fc.asyncProperty(fc.array(delta, { maxLength: 30 }), async (deltas) => {
        const { sink, client } = await exchange();
        const bytes: Buffer[] = [];
        client.on('data', (chunk: Buffer) => bytes.push(chunk));
        sink.head(HEAD);
        for (const { index, content } of deltas)
          sink.data(Buffer.from(JSON.stringify([{ index, delta: { content } }])));
        sink.end(USAGE);
        const received = (): Buffer => Buffer.concat(bytes);
        await eventually('it is complete', () => received().subarray(-5).toString() === '0\r\n\r\n');
        const events = eventsOf(unchunked(received()));
        expect(events.filter((event) => event === '[DONE]')).toHaveLength(1);
        expect(events.pop()).toBe('[DONE]');
        expect(events.map((event) => (JSON.parse(event) as { choices: unknown[] }).choices)).toEqual(
          deltas.map(({ index, content }) => [{ index, delta: { content } }]),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('writes an error before the first token as an HTTP error', async () => {
    const { sink, received } = await exchange();
    sink.error(new AppError('router.queue_full', { model: 'tiny' }, { retryAfterSeconds: 5 }));
    await eventually('it arrives', () => received().includes('capacity_exceeded'));
    expect(received()).toMatch(/^HTTP\/1\.1 503 /);
    expect(received().toLowerCase()).toContain('retry-after: 5\r\n');
    expect(received()).not.toContain('event-stream');
    expect(JSON.parse(bodyOf(received()))).toMatchObject({ error: { type: 'service_unavailable' } });
  });

  it('ends with an error event and without [DONE] if the run fails after the first token', async () => {
    const { sink, received } = await exchange();
    sink.head(HEAD);
    sendToken(sink, 'a');
    sink.error(new AppError('inference.interrupted'));
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    const fields = {
      type: 'stream_error',
      code: 'stream_interrupted',
      param: null,
      message: 'The response was interrupted. Try again.',
    };
    expect(dataOf(received())[1]).toMatchObject({ ...fields, error: fields });
    expect(received()).not.toContain('[DONE]');
  });
});

describe('SseResponse of a disconnected client', () => {
  it('cancels the run and writes nothing', async () => {
    const { sink, client, calls, response } = await exchange();
    sink.head(HEAD);
    sendToken(sink, 'a');
    client.destroy();
    await eventually('the run is cancelled', () => calls.includes('cancel'));
    sendToken(sink, 'b');
    sink.end(USAGE);
    sink.error(new AppError('inference.cancelled'));
    expect(calls).toEqual(['cancel']);
    expect(response.destroyed).toBe(true);
  });

  it('cancels the run before the first token', async () => {
    const { sink, client, calls } = await exchange();
    client.destroy();
    await eventually('the run is cancelled', () => calls.includes('cancel'));
    sink.head(HEAD);
    sink.error(new AppError('inference.cancelled'));
    expect(calls).toEqual(['cancel']);
  });
});

const LONG_TEXT = 'x'.repeat(64 * 1024);

/** Writes until the run stays paused. Returns the number of chunks written. */
async function fill(sink: SseResponse, calls: readonly string[]): Promise<number> {
  let chunks = 0;
  for (let pausedTurns = 0; pausedTurns < 500; pausedTurns += 1) {
    if (calls.at(-1) !== 'pause') {
      sendToken(sink, LONG_TEXT);
      chunks += 1;
      pausedTurns = 0;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return chunks;
}

describe('SseResponse of a slow client', () => {
  it('pauses the run until the client has caught up, without loss', async () => {
    const { sink, client, calls, received } = await exchange();
    client.pause();
    sink.head(HEAD);
    let chunks = await fill(sink, calls);
    // Data that was in flight when the run was paused still arrives.
    for (let i = 0; i < 3; i += 1, chunks += 1) sendToken(sink, LONG_TEXT);
    expect(calls.at(-1)).toBe('pause');
    client.resume();
    await eventually('the run resumes', () => calls.at(-1) === 'resume');
    sink.end(USAGE);
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    expect(received().match(/x{65536}/g)).toHaveLength(chunks);
  });

  it('does not pause the run while the client keeps up', async () => {
    const { sink, calls, received } = await exchange();
    sink.head(HEAD);
    for (let i = 0; i < 100; i += 1) {
      sendToken(sink, 'token');
      await new Promise((resolve) => setImmediate(resolve));
    }
    sink.end(USAGE);
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    expect(calls.filter((action) => action === 'pause')).toEqual([]);
  });

  it('closes the connection of a client that stops reading', async () => {
    const { sink, client, calls, response, closed } = await exchange({ timers: 'fake' });
    client.pause();
    sink.head(HEAD);
    await fill(sink, calls);
    mock.timers.tick(29_000);
    expect(response.destroyed).toBe(false);
    mock.timers.tick(2_000);
    expect(response.destroyed).toBe(true);
    mock.timers.reset();
    await eventually('the run is cancelled', () => calls.includes('cancel'));
    client.resume();
    await closed;
  });
});

describe('SseResponse of an idle run', () => {
  it('sends keep-alive comments, also before the first token', async () => {
    const { sink, received } = await exchange({ timers: 'fake' });
    mock.timers.tick(14_000);
    expect(received()).toBe('');
    mock.timers.tick(2_000);
    mock.timers.reset();
    await eventually('the comment arrives', () => received().includes(': keep-alive\n\n'));
    expect(received()).toMatch(/^HTTP\/1\.1 200 /);
    sink.head(HEAD);
    sendToken(sink, 'a');
    sink.end(USAGE);
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    expect(dataOf(received())).toMatchObject([{ choices: [{ delta: { content: 'a' } }] }, '[DONE]']);
  });

  it('ends with an error event if the run fails after a comment', async () => {
    const { sink, received } = await exchange({ timers: 'fake' });
    mock.timers.tick(16_000);
    mock.timers.reset();
    sink.error(new AppError('router.queue_timeout', { model: 'tiny' }));
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    expect(dataOf(received())).toMatchObject([{ type: 'stream_error', error: { code: 'capacity_exceeded' } }]);
  });

  it('sends no comments while the run sends data', async () => {
    const { sink, received } = await exchange({ timers: 'fake' });
    sink.head(HEAD);
    for (let i = 0; i < 3; i += 1) {
      mock.timers.tick(10_000);
      sendToken(sink, 'a');
    }
    sink.end(USAGE);
    mock.timers.tick(60_000);
    mock.timers.reset();
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    expect(received()).not.toContain('keep-alive\n');
  });
});
