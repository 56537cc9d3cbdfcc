/** What a real server does rarely: stalls, errors, slow readers. The servers here speak as much of the protocol as a test needs. */
import { eventually } from '@xerotier/testing';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ObjectNotFoundError } from './object-store.ts';
import { S3Store } from './s3-store.ts';
import type { S3StoreOptions } from './s3-store.ts';

const MIB = 1_024 * 1_024;
const TIMEOUT_MS = 400;
/** Otherwise the timeout is the usual one. */
const stalling = { requestTimeoutMs: TIMEOUT_MS };

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let handler: Handler = accept;
/** `PUT /bucket/a`, without the query. */
let requests: string[] = [];
let server: Server;

beforeEach(async () => {
  handler = accept;
  requests = [];
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url?.split('?')[0]}`);
    handler(request, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function accept(request: IncomingMessage, response: ServerResponse): void {
  request.resume().once('end', () => response.end());
}

function stall(): void {
  // It never responds.
}

/** Opens while the server accepts everything, and then lets `next` handle requests. */
async function storeWith(next: Handler, options: Partial<S3StoreOptions> = {}): Promise<S3Store> {
  const store = await open((server.address() as AddressInfo).port, options);
  requests = [];
  handler = next;
  return store;
}

function open(port: number, options: Partial<S3StoreOptions> = {}): Promise<S3Store> {
  return S3Store.open({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    accessKeyId: 'key',
    secretAccessKey: 'secret',
    bucket: 'bucket',
    forcePathStyle: true,
    attemptsMax: 2,
    ...options,
  });
}

async function joined(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const read: Uint8Array[] = [];
  for await (const chunk of chunks) read.push(chunk);
  return Buffer.concat(read).toString();
}

async function* content(bytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes; at += 65_536) yield Buffer.alloc(Math.min(65_536, bytes - at));
}

function fail(status: number, code: string): Handler {
  return (request, response) => {
    request.resume().once('end', () => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(request.method === 'HEAD' ? '' : `<Error><Code>${code}</Code><Message>of key</Message></Error>`);
    });
  };
}

const everything: [string, (store: S3Store) => Promise<unknown>][] = [
  ['a write', (store) => store.write('a', content(1))],
  ['a write in parts', (store) => store.write('a', content(20 * MIB))],
  ['a read', (store) => joined(store.read('a'))],
  ['a size', (store) => store.size('a')],
  ['a removal', (store) => store.remove('a')],
  ['a list', (store) => joined(pathsOf(store))],
  ['a removal of what is unfinished', (store) => store.removeUnfinished(new Date())],
];

async function* pathsOf(store: S3Store): AsyncGenerator<Uint8Array> {
  for await (const { key } of store.list()) yield Buffer.from(key);
}

describe('a server that accepts connections and never responds', () => {
  it('is unavailable after the timeout and the attempts', async () => {
    let connections = 0;
    const silent = createTcpServer((socket) => {
      connections += 1;
      socket.on('error', () => undefined).resume();
    });
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const opening = open((silent.address() as AddressInfo).port, stalling);
    await expect(opening).rejects.toMatchObject({
      code: 'store.unavailable',
      cause: { code: 'ETIMEDOUT', status: undefined },
    });
    expect(connections).toBe(2);
    silent.close();
  });

  it.each(everything)('fails %s', async (_, work) => {
    const store = await storeWith(stall, stalling);
    await expect(work(store)).rejects.toMatchObject({ code: 'store.unavailable' });
  });
});

describe('a request', () => {
  it.each(everything)('without access fails %s at once', async (_, work) => {
    const store = await storeWith(fail(403, 'AccessDenied'));
    await expect(work(store)).rejects.toMatchObject({ code: 'store.unavailable', cause: { status: 403 } });
    expect(requests).toHaveLength(1);
  });

  it.each([
    [500, 'InternalError'],
    [503, 'SlowDown'],
    [429, 'TooManyRequests'],
  ])('that fails with %i is repeated, as often as the option says', async (status, code) => {
    const store = await storeWith(fail(status, code));
    await expect(joined(store.read('a'))).rejects.toMatchObject({ code: 'store.unavailable', cause: { status } });
    expect(requests).toEqual(Array.from({ length: 2 }, () => 'GET /bucket/a'));
  });

  it('that fails because the store is full is not repeated', async () => {
    const store = await storeWith(fail(507, 'InsufficientStorage'));
    await expect(store.write('a', content(1))).rejects.toMatchObject({ code: 'store.unavailable' });
    expect(requests).toHaveLength(1);
  });

  it('succeeds when a repetition does', async () => {
    const store = await storeWith((request, response) => {
      (requests.length === 1 ? fail(503, 'SlowDown') : accept)(request, response);
    });
    expect(await store.write('a', content(10))).toBe(10);
    expect(requests).toHaveLength(2);
  });

  it('has no access key in its error', async () => {
    const store = await storeWith(fail(403, 'InvalidAccessKeyId'));
    await expect(joined(store.read('a'))).rejects.toMatchObject({
      cause: { message: 'InvalidAccessKeyId (HTTP 403): of ***' },
    });
  });

  it('for an object that is missing says so, but not if it is the bucket', async () => {
    const store = await storeWith(fail(404, 'NoSuchKey'));
    await expect(joined(store.read('a'))).rejects.toThrow(ObjectNotFoundError);
    handler = fail(404, 'NoSuchBucket');
    await expect(joined(store.read('a'))).rejects.toMatchObject({ code: 'store.unavailable' });
    await expect(store.remove('a')).rejects.toMatchObject({ code: 'store.unavailable' });
    await expect(store.size('a')).rejects.toMatchObject({ code: 'store.unavailable' });
  });

  it('for a range behind the end is an empty one', async () => {
    const store = await storeWith(fail(416, 'InvalidRange'));
    expect(await joined(store.read('a', { start: 5, end: 6 }))).toBe('');
  });
});

describe('a bucket', () => {
  it('that another process creates meanwhile is used', async () => {
    handler = (request, response) => {
      if (request.method === 'PUT') fail(409, 'BucketAlreadyOwnedByYou')(request, response);
      else (requests.length === 1 ? fail(404, 'NotFound') : accept)(request, response);
    };
    await open((server.address() as AddressInfo).port, { createBucket: true });
    expect(requests).toEqual(['HEAD /bucket/', 'PUT /bucket/', 'HEAD /bucket/']);
  });
});

describe('a read', () => {
  it('that stalls in the middle is unavailable', async () => {
    const store = await storeWith((_, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('12345');
    }, stalling);
    const chunks = store.read('a');
    expect(Buffer.from((await chunks.next()).value as Uint8Array).toString()).toBe('12345');
    await expect(chunks.next()).rejects.toMatchObject({
      code: 'store.unavailable',
      cause: { message: expect.stringContaining('stalled for 400 ms') },
    });
  });

  it('that ends early is unavailable, and not a shorter object', async () => {
    const store = await storeWith((_, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('12345', () => response.destroy());
    });
    await expect(joined(store.read('a'))).rejects.toMatchObject({ code: 'store.unavailable' });
  });

  it('may be slower than the timeout', async () => {
    const store = await storeWith((_, response) => response.end(Buffer.alloc(4 * MIB)), stalling);
    let bytes = 0;
    for await (const chunk of store.read('a')) {
      if (bytes === 0) await delay(2 * TIMEOUT_MS);
      bytes += chunk.length;
    }
    expect(bytes).toBe(4 * MIB);
  });

  it('takes no more than is consumed, and closes its connection when it is given up', async () => {
    let sent = 0;
    let isClosed = false;
    const store = await storeWith((_, response) => {
      response.writeHead(200, { 'content-length': String(1_024 * MIB) });
      response.once('close', () => (isClosed = true));
      const send = (): void => {
        while (!isClosed && response.write(Buffer.alloc(65_536))) sent += 65_536;
        response.once('drain', send);
      };
      send();
    });
    for await (const chunk of store.read('a')) {
      expect(chunk.length).toBeGreaterThan(0);
      await delay(500);
      // What the buffers of both sockets hold.
      expect(sent).toBeLessThan(16 * MIB);
      break;
    }
    await eventually('the connection is closed', async () => isClosed);
  });
});

describe('a write in parts', () => {
  /** Begins uploads, and leaves the parts to `part`. */
  const withParts =
    (part: Handler): Handler =>
    (request, response) => {
      if (request.method === 'PUT') part(request, response);
      else if (request.method === 'POST')
        response.end('<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>');
      else response.writeHead(204).end();
    };

  it('shares its connections between parts', async () => {
    const connections = new Set<unknown>();
    const store = await storeWith((request, response) => {
      connections.add(request.socket);
      response.setHeader('etag', '"1"');
      withParts(accept)(request, response);
    });
    expect(await store.write('a', content(50 * MIB))).toBe(50 * MIB);
    expect(requests.filter((request) => request.startsWith('PUT'))).toHaveLength(7);
    expect(connections.size).toBeLessThanOrEqual(3);
  });

  it('takes no more of the content than the parts in transfer, and two', async () => {
    let taken = 0;
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of content(200 * MIB)) {
        taken += chunk.length;
        yield chunk;
      }
    }
    const store = await storeWith(withParts(stall));
    const writing = store.write('a', counted()).catch((error: unknown) => error);
    await eventually('parts are in transfer', async () => requests.length === 3);
    await delay(200);
    expect(taken).toBeLessThan(33 * MIB);
    server.closeAllConnections();
    handler = fail(403, 'AccessDenied');
    expect(await writing).toMatchObject({ code: 'store.unavailable' });
  });

  it.each([
    ['stalls', stall],
    ['fails', fail(500, 'InternalError')],
  ])('is aborted when a part %s', async (_, part) => {
    let isReturned = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.alloc(65_536);
      } finally {
        isReturned = true;
      }
    }
    const store = await storeWith(withParts(part), stalling);
    await expect(store.write('a', endless())).rejects.toMatchObject({ code: 'store.unavailable' });
    expect(requests.at(-1)).toBe('DELETE /bucket/a');
    expect(isReturned).toBe(true);
  });
});
