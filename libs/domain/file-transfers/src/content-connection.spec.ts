import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { ContentConnection } from './content-connection.ts';

let respond: (socket: Socket) => void;
const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', () => respond(socket));
});

beforeAll(async () => void (await once(server.listen(0, '127.0.0.1'), 'listening')));
afterAll(() => void server.close());

const open = (idleTimeoutMs = 5_000): ReturnType<typeof ContentConnection.open> =>
  ContentConnection.open({
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/content`),
    authorization: 'Bearer ticket',
    connectTimeoutMs: 2_000,
    idleTimeoutMs,
  });

const HEAD = (bytes: number): string => `HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`;
const UNAVAILABLE = { code: 'files.unavailable' };

/** What a target gets, and how sending to it ends. */
async function sent(): Promise<Buffer> {
  const { body } = await open();
  const { target, pieces } = sink();
  await body.sendTo(target);
  return Buffer.concat(pieces);
}

/** Keeps copies, like a connection. */
function sink(): { readonly target: Writable; readonly pieces: Buffer[] } {
  const pieces: Buffer[] = [];
  const write = (piece: Buffer, _: string, done: () => void): void => {
    setImmediate(() => {
      pieces.push(Buffer.from(piece));
      done();
    });
  };
  return { target: new Writable({ write }), pieces };
}

/** Bytes whose order is seen. */
function counted(bytes: number): Buffer {
  const content = Buffer.allocUnsafe(bytes);
  for (let at = 0; at + 4 <= bytes; at += 4) content.writeUInt32LE(at, at);
  return content;
}

describe('a body', () => {
  it.each([0, 1, 256 * 1_024, 3_000_000])('of %i bytes is sent as it came', async (bytes) => {
    const content = counted(bytes);
    respond = (socket) => {
      socket.write(HEAD(bytes));
      socket.end(content);
    };
    expect((await sent()).equals(content)).toBe(true);
  });

  it('may come with the head, and the head in pieces', async () => {
    respond = (socket) => void socket.write(`${HEAD(3)}abc`);
    expect((await sent()).toString()).toBe('abc');
    respond = (socket) => {
      const text = `${HEAD(6)}abc`;
      void (async () => {
        for (const character of text) {
          socket.write(character);
          await delay(1);
        }
        socket.write('def');
      })();
    };
    expect((await sent()).toString()).toBe('abcdef');
  });

  it('is taken no faster than the target takes it, and not changed meanwhile', async () => {
    const content = counted(64 * 1_024 * 1_024);
    let written = 0;
    respond = (socket) => {
      socket.write(HEAD(content.length));
      socket.write(content, () => (written = content.length));
    };
    const { body } = await open(300);
    const waiting: (() => void)[] = [];
    const pieces: Buffer[] = [];
    const slow = new Writable({
      highWaterMark: 1,
      write: (piece: Buffer, _, done) => {
        waiting.push(() => {
          pieces.push(Buffer.from(piece));
          done();
        });
      },
    });
    const sending = body.sendTo(slow);
    // Longer than the timeout, which is for the other side.
    await delay(700);
    expect([waiting.length, written]).toEqual([1, 0]);
    const taking = setInterval(() => waiting.shift()?.(), 0);
    await sending;
    clearInterval(taking);
    expect(Buffer.concat(pieces).equals(content)).toBe(true);
  });

  it('is not sent any further once the target is closed', async () => {
    let closed: Promise<unknown> | undefined;
    respond = (socket) => {
      closed = once(socket, 'close');
      socket.write(`${HEAD(10)}abc`);
    };
    const { body } = await open();
    const { target } = sink();
    const sending = body.sendTo(target);
    target.destroy();
    await expect(sending).rejects.toThrow('The target was closed');
    await closed;
    const another = await open();
    await expect(another.body.sendTo(target)).rejects.toThrow('The target was closed');
  });

  it.each<[string, (socket: Socket) => void]>([
    ['ends early', (socket) => socket.end(`${HEAD(10)}abc`)],
    ['is reset', (socket) => socket.write(`${HEAD(10)}abc`, () => setTimeout(() => socket.resetAndDestroy(), 50))],
    ['is longer than announced', (socket) => socket.write(HEAD(1), () => setTimeout(() => socket.write('abc'), 50))],
  ])('that %s is an outage', async (_, send) => {
    respond = send;
    await expect(sent()).rejects.toMatchObject(UNAVAILABLE);
  });

  it('that stalls is an outage', async () => {
    respond = (socket) => void socket.write(`${HEAD(10)}abc`);
    const { body } = await open(100);
    await expect(body.sendTo(sink().target)).rejects.toMatchObject(UNAVAILABLE);
  });

  it('is returned as a whole up to a length', async () => {
    respond = (socket) => void socket.write(`${HEAD(3)}abc`);
    expect((await (await open()).body.bytes(3)).toString()).toBe('abc');
    await expect((await open()).body.bytes(2)).rejects.toMatchObject(UNAVAILABLE);
  });
});

describe('a response is an outage', () => {
  it.each([
    ['without a length', 'HTTP/1.1 200 OK\r\n\r\nabc'],
    ['with two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc'],
    ['with an invalid length', 'HTTP/1.1 200 OK\r\ncontent-length: -3\r\n\r\nabc'],
    ['in chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc'],
    ['that is none', 'hello\r\n\r\n'],
    ['with a body that is longer', `${HEAD(2)}abc`],
    ['with a head that is too long', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(20_000)}`],
  ])('%s', async (_, text) => {
    respond = (socket) => void socket.write(text);
    await expect(open()).rejects.toMatchObject(UNAVAILABLE);
  });

  it('that does not begin, or whose connection is closed or cannot be opened', async () => {
    respond = () => undefined;
    await expect(open(100)).rejects.toMatchObject(UNAVAILABLE);
    respond = (socket) => socket.destroy();
    await expect(open()).rejects.toMatchObject(UNAVAILABLE);
    const url = new URL('http://127.0.0.1:1/content');
    const request = { url, authorization: '', connectTimeoutMs: 1_000, idleTimeoutMs: 1_000 };
    await expect(ContentConnection.open(request)).rejects.toMatchObject(UNAVAILABLE);
  });
});
