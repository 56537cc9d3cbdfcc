import { jest } from '@jest/globals';
import { AppError } from '@xerotier/errors';
import { eventually } from '@xerotier/testing';
import fc from 'fast-check';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
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

/** One request on its way: the client's socket, and the answer that is written to it. */
interface Exchange {
  readonly client: Socket;
  readonly response: ServerResponse;
  readonly sink: SseResponse;
  /** What the run was told. */
  readonly told: string[];
  readonly received: () => string;
  readonly closed: Promise<unknown>;
}

let server: Server;
const clients: Socket[] = [];
const faults: unknown[] = [];

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  jest.useRealTimers();
  for (const client of clients.splice(0)) client.destroy();
  await new Promise((resolve) => server.close(resolve).closeAllConnections());
  expect(faults.splice(0)).toEqual([]);
});

async function exchange(options: { withUsage?: boolean; timers?: 'real' | 'ours' } = {}): Promise<Exchange> {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  clients.push(client);
  const chunks: string[] = [];
  client.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  client.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  response.on('error', (error) => faults.push(error));
  if (options.timers === 'ours')
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });
  const fields = { id: 'chatcmpl-1', createdSeconds: 1, model: 'tiny', tier: 'free' };
  const sink = new SseResponse(response, new ChatEnvelope(fields, { withUsage: options.withUsage ?? false }));
  const told: string[] = [];
  sink.attach({
    cancel: () => told.push('cancel'),
    pause: () => told.push('pause'),
    resume: () => told.push('resume'),
  });
  return { client, response, sink, told, received: () => chunks.join(''), closed: once(client, 'close') };
}

/** Everything after the headers, without the framing of chunks. */
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

/** The body of an answer, by the lengths of its chunks. */
function unchunked(sink: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = sink.indexOf('\r\n\r\n') + 4; ;) {
    const lineEnd = sink.indexOf('\r\n', at);
    const length = Number.parseInt(sink.toString('latin1', at, lineEnd), 16);
    if (length === 0) return Buffer.concat(parts).toString();
    parts.push(sink.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
}

/** The data of server-sent events, read by the rules of their standard: lines end in CR, LF or both. */
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

function say(sink: SseResponse, content: string): void {
  sink.data(Buffer.from(JSON.stringify([{ index: 0, delta: { content } }])));
}

describe('a streamed answer', () => {
  it('says nothing until its first token, and then the headers and the token', async () => {
    const { sink, received, response } = await exchange();
    expect(response.headersSent).toBe(false);
    sink.head(HEAD);
    say(sink, 'hello');
    await eventually('it arrives', () => received().includes('hello'));
    expect(received()).toMatch(/^HTTP\/1\.1 200 /);
    expect(received().toLowerCase()).toContain('content-type: text/event-stream; charset=utf-8\r\n');
    expect(received().toLowerCase()).toContain('cache-control: no-cache\r\n');
    expect(received().toLowerCase()).toContain('x-accel-buffering: no\r\n');
    expect(received().toLowerCase()).toContain('x-xerotier-worker-id: w1\r\n');
    expect(received().toLowerCase()).toContain('x-xerotier-max-tokens-clamped: 4096\r\n');
    expect(dataOf(received())).toMatchObject([{ choices: [{ delta: { content: 'hello' } }] }]);
  });

  it('ends with its usage, when it was asked for, and [DONE]', async () => {
    const { sink, received } = await exchange({ withUsage: true });
    sink.head(HEAD);
    say(sink, 'a');
    say(sink, 'b');
    sink.end(USAGE);
    await eventually('it is complete', () => received().includes('[DONE]'));
    expect(dataOf(received())).toMatchObject([
      { usage: null },
      { usage: null },
      { choices: [], usage: { total_tokens: 3 } },
      '[DONE]',
    ]);
  });

  it('cannot be broken by what a model says', async () => {
    const { sink, received } = await exchange();
    const nasty = '\n\ndata: [DONE]\n\n\r\n0\r\n\r\nevent: error\n: comment\u2028';
    sink.head(HEAD);
    say(sink, nasty);
    sink.end(USAGE);
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    const data = dataOf(received());
    expect(data).toHaveLength(2);
    expect(data).toMatchObject([{ choices: [{ delta: { content: nasty } }] }, '[DONE]']);
  });

  it('gives every choice the text that was said, whatever it is and however choices mix, and ends once', async () => {
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

  it('is told apart from an answer that failed: an error before the first token is an HTTP error', async () => {
    const { sink, received } = await exchange();
    sink.error(new AppError('router.queue_full', { model: 'tiny' }, { retryAfterSeconds: 5 }));
    await eventually('it arrives', () => received().includes('capacity_exceeded'));
    expect(received()).toMatch(/^HTTP\/1\.1 503 /);
    expect(received().toLowerCase()).toContain('retry-after: 5\r\n');
    expect(received()).not.toContain('event-stream');
    expect(JSON.parse(bodyOf(received()))).toMatchObject({ error: { type: 'service_unavailable' } });
  });

  it('ends with an error event and without [DONE] when it fails after the first token', async () => {
    const { sink, received } = await exchange();
    sink.head(HEAD);
    say(sink, 'a');
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

describe('a client that went away', () => {
  it('stops the run, and nothing is written any more', async () => {
    const { sink, client, told, response } = await exchange();
    sink.head(HEAD);
    say(sink, 'a');
    client.destroy();
    await eventually('the run is told', () => told.includes('cancel'));
    say(sink, 'b');
    sink.end(USAGE);
    sink.error(new AppError('inference.cancelled'));
    expect(told).toEqual(['cancel']);
    expect(response.destroyed).toBe(true);
  });

  it('before the first token stops the run too', async () => {
    const { sink, client, told } = await exchange();
    client.destroy();
    await eventually('the run is told', () => told.includes('cancel'));
    sink.head(HEAD);
    sink.error(new AppError('inference.cancelled'));
    expect(told).toEqual(['cancel']);
  });
});

const MUCH = 'x'.repeat(64 * 1024);

/** Writes as a run does, which stops while it is held, until it stays held. Returns how many chunks it wrote. */
async function fill(sink: SseResponse, told: readonly string[]): Promise<number> {
  let chunks = 0;
  for (let heldFor = 0; heldFor < 500; heldFor += 1) {
    if (told.at(-1) !== 'pause') {
      say(sink, MUCH);
      chunks += 1;
      heldFor = 0;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return chunks;
}

describe('a client that reads slowly', () => {
  it('holds the run until it has caught up, and loses nothing', async () => {
    const { sink, client, told, received } = await exchange();
    client.pause();
    sink.head(HEAD);
    let chunks = await fill(sink, told);
    // What was on its way when the run was held still arrives.
    for (let i = 0; i < 3; i += 1, chunks += 1) say(sink, MUCH);
    expect(told.at(-1)).toBe('pause');
    client.resume();
    await eventually('the run goes on', () => told.at(-1) === 'resume');
    sink.end(USAGE);
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    expect(received().match(/x{65536}/g)).toHaveLength(chunks);
  });

  it('does not hold the run while it keeps up', async () => {
    const { sink, told, received } = await exchange();
    sink.head(HEAD);
    for (let i = 0; i < 100; i += 1) {
      say(sink, 'token');
      await new Promise((resolve) => setImmediate(resolve));
    }
    sink.end(USAGE);
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    expect(told.filter((action) => action === 'pause')).toEqual([]);
  });

  it('and then not at all is given up', async () => {
    const { sink, client, told, response, closed } = await exchange({ timers: 'ours' });
    client.pause();
    sink.head(HEAD);
    await fill(sink, told);
    jest.advanceTimersByTime(29_000);
    expect(response.destroyed).toBe(false);
    jest.advanceTimersByTime(2_000);
    expect(response.destroyed).toBe(true);
    jest.useRealTimers();
    await eventually('the run is told', () => told.includes('cancel'));
    client.resume();
    await closed;
  });
});

describe('a silent model', () => {
  it('is covered by comments, before the first token too', async () => {
    const { sink, received } = await exchange({ timers: 'ours' });
    jest.advanceTimersByTime(14_000);
    expect(received()).toBe('');
    jest.advanceTimersByTime(2_000);
    jest.useRealTimers();
    await eventually('the comment arrives', () => received().includes(': keep-alive\n\n'));
    expect(received()).toMatch(/^HTTP\/1\.1 200 /);
    sink.head(HEAD);
    say(sink, 'a');
    sink.end(USAGE);
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    expect(dataOf(received())).toMatchObject([{ choices: [{ delta: { content: 'a' } }] }, '[DONE]']);
  });

  it('that fails after a comment ends with an error event', async () => {
    const { sink, received } = await exchange({ timers: 'ours' });
    jest.advanceTimersByTime(16_000);
    jest.useRealTimers();
    sink.error(new AppError('router.queue_timeout', { model: 'tiny' }));
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    expect(dataOf(received())).toMatchObject([{ type: 'stream_error', error: { code: 'capacity_exceeded' } }]);
  });

  it('that speaks needs no comment', async () => {
    const { sink, received } = await exchange({ timers: 'ours' });
    sink.head(HEAD);
    for (let i = 0; i < 3; i += 1) {
      jest.advanceTimersByTime(10_000);
      say(sink, 'a');
    }
    sink.end(USAGE);
    jest.advanceTimersByTime(60_000);
    jest.useRealTimers();
    await eventually('it is complete', () => received().endsWith('0\r\n\r\n'));
    expect(received()).not.toContain('keep-alive\n');
  });
});
