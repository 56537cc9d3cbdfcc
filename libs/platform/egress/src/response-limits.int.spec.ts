/** What a hostile or broken server may send, and for how long. */
import { eventually } from '@xerotier/testing';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { startRawServer, startWebServer } from '../test/web-server.ts';
import type { WebServer } from '../test/web-server.ts';
import { EgressClient } from './egress-client.ts';
import type { EgressRequest, EgressResponse } from './egress-client.ts';

const MIB = 1_024 * 1_024;
const opened: WebServer[] = [];

afterEach(async () => {
  const servers = opened.splice(0);
  // Whatever a server does, its connection is closed when its response is read, or has failed.
  const isClosed = (): boolean => servers.every(({ openConnections }) => openConnections === 0);
  await eventually('the client has closed its connections', isClosed);
  await Promise.all(servers.map((server) => server.close()));
});

function clientOf(server: WebServer, options: { requestsMax?: number } = {}): EgressClient {
  opened.push(server);
  return new EgressClient({ allowedNetworks: ['127.0.0.1'], ports: [server.port], ...options });
}

async function fetchFrom(server: WebServer, request?: EgressRequest): Promise<EgressResponse> {
  return clientOf(server).fetch(`http://127.0.0.1:${server.port}/`, request);
}

async function bytesFrom(server: WebServer, request?: EgressRequest): Promise<Buffer> {
  const { body } = await fetchFrom(server, request);
  return Buffer.concat((await body.toArray()) as Buffer[]);
}

const serving = (respond: (response: ServerResponse) => void): Promise<WebServer> =>
  startWebServer((_request, response) => respond(response));
const sending = (text: string, end = true): Promise<WebServer> =>
  startRawServer((socket) => (end ? socket.end(text, 'latin1') : socket.write(text, 'latin1')));

const encoded = (content: Buffer, encoding: string, headers: Record<string, string> = {}): Promise<WebServer> =>
  serving((response) => response.writeHead(200, { 'content-encoding': encoding, ...headers }).end(content));

describe('the size', () => {
  it('may be the limit exactly', async () => {
    expect(await bytesFrom(await serving((response) => response.end('12345')), { bytesMax: 5 })).toHaveLength(5);
  });

  it('is limited by what the server announces', async () => {
    const server = await serving((response) => response.writeHead(200, { 'content-length': 6 }).flushHeaders());
    await expect(fetchFrom(server, { bytesMax: 5 })).rejects.toMatchObject({
      code: 'egress.too_large',
      message: 'The content of the URL is larger than 5 bytes.',
    });
  });

  it('is limited by what arrives', async () => {
    const server = await serving((response) => {
      response.write('123');
      response.end('456');
    });
    await expect(bytesFrom(server, { bytesMax: 5 })).rejects.toMatchObject({ code: 'egress.too_large' });
  });

  it('is 10 MiB by default, and an endless response is cut off', async () => {
    let written = 0;
    const server = await serving((response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) written += 65_536;
      };
      response.on('drain', more);
      more();
    });
    await expect(bytesFrom(server)).rejects.toMatchObject({
      code: 'egress.too_large',
      details: { bytesMax: 10 * MIB },
    });
    expect(written).toBeLessThan(20 * MIB);
  });
});

describe('an encoding', () => {
  const text = Buffer.from('content '.repeat(100));

  it.each([
    ['gzip', gzipSync(text)],
    ['X-GZIP', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
    ['zstd', zstdCompressSync(text)],
    ['identity', text],
    ['gzip, br', brotliCompressSync(gzipSync(text))],
    ['gzip, gzip, gzip, gzip, gzip', [1, 2, 3, 4].reduce((inner) => gzipSync(inner), gzipSync(text))],
  ])('%s is decoded', async (encoding, content) => {
    const response = await fetchFrom(await encoded(content, encoding, { 'content-length': String(content.length) }));
    expect(Buffer.concat((await response.body.toArray()) as Buffer[])).toEqual(text);
    if (encoding !== 'identity') {
      expect(['content-encoding', 'content-length'].filter((name) => response.headers.has(name))).toEqual([]);
    }
  });

  const zeros = Buffer.alloc(64 * MIB);
  it.each([
    ['gzip', gzipSync(zeros)],
    ['deflate', deflateSync(zeros)],
    ['br', brotliCompressSync(zeros)],
    ['zstd', zstdCompressSync(zeros)],
    ['gzip, gzip', gzipSync(gzipSync(zeros))],
    // The first decoder has a small result, the second one a large, and the third one a small one again.
    ['gzip, br, gzip', gzipSync(brotliCompressSync(gzipSync(zeros)))],
  ])('%s of 64 MiB in a few bytes is cut off', async (encoding, bomb) => {
    expect(bomb.length).toBeLessThan(MIB);
    await expect(bytesFrom(await encoded(bomb, encoding), { bytesMax: MIB })).rejects.toMatchObject({
      code: 'egress.too_large',
    });
  });

  it('that expands between others is cut off there, even if nothing comes out at the end', async () => {
    const nothing = Buffer.concat(Array<Buffer>(100_000).fill(gzipSync('')));
    const bomb = gzipSync(nothing);
    expect([bomb.length < 100_000, nothing.length > MIB]).toEqual([true, true]);
    await expect(bytesFrom(await encoded(bomb, 'gzip, gzip'), { bytesMax: MIB })).rejects.toMatchObject({
      code: 'egress.too_large',
    });
  });

  it('in six layers is unreadable', async () => {
    const content = [1, 2, 3, 4, 5].reduce((inner) => gzipSync(inner), gzipSync(text));
    const request = bytesFrom(await encoded(content, Array(6).fill('gzip').join(', ')));
    await expect(request).rejects.toThrow('it has more than 5 encodings');
  });

  it.each(['compress', 'gzip, unknown', 'GZIP;q=1', '__proto__'])('%s is unreadable', async (encoding) => {
    await expect(bytesFrom(await encoded(gzipSync(text), encoding))).rejects.toMatchObject({
      code: 'egress.unreadable',
    });
  });

  it.each(['gzip', 'deflate', 'br', 'zstd'])('%s that is something else is unreadable', async (encoding) => {
    const request = bytesFrom(await encoded(Buffer.from('<html>internal</html>'), encoding));
    await expect(request).rejects.toMatchObject({ code: 'egress.unreadable' });
    await expect(request).rejects.not.toThrow(/internal/);
  });

  it.each([
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
    ['zstd', zstdCompressSync(text)],
  ])('%s that ends early is unreadable', async (encoding, content) => {
    await expect(bytesFrom(await encoded(content.subarray(0, -4), encoding))).rejects.toMatchObject({
      code: 'egress.unreadable',
    });
  });

  it.each([
    ['of no content', 'GET', 204],
    ['of a HEAD', 'HEAD', 200],
    ['of zero bytes', 'GET', 200],
  ] as const)('%s is nothing', async (_what, method, status) => {
    const server = await serving((response) =>
      response.writeHead(status, { 'content-encoding': 'gzip', ...(status === 200 && { 'content-length': 0 }) }).end(),
    );
    expect(await bytesFrom(server, { method })).toHaveLength(0);
  });
});

describe('the time', () => {
  const silent = (): Promise<WebServer> => startRawServer(() => undefined);

  it('until the response is limited', async () => {
    const request = fetchFrom(await silent(), { responseTimeoutMs: 50 });
    await expect(request).rejects.toMatchObject({ code: 'egress.timeout', message: 'The URL was not read in time.' });
  });

  it('until the response is limited however the headers trickle', async () => {
    const server = await startRawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write('x: y\r\n'), 10);
      socket.once('close', () => clearInterval(timer));
    });
    await expect(fetchFrom(server, { responseTimeoutMs: 100 })).rejects.toMatchObject({ code: 'egress.timeout' });
  });

  it('until the response is limited however many early responses there are', async () => {
    const server = await startRawServer((socket) => {
      const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 10);
      socket.once('close', () => clearInterval(timer));
    });
    await expect(fetchFrom(server, { responseTimeoutMs: 100 })).rejects.toMatchObject({ code: 'egress.timeout' });
  });

  it('until the end is limited however the content trickles', async () => {
    const server = await serving((response) => {
      const timer = setInterval(() => response.write('.'), 10);
      response.once('close', () => clearInterval(timer));
    });
    await expect(bytesFrom(server, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'egress.timeout' });
  });

  it('does not limit the content by the time until the response', async () => {
    const server = await serving((response) => {
      response.write('a');
      setTimeout(() => response.end('b'), 150);
    });
    expect((await bytesFrom(server, { responseTimeoutMs: 100 })).toString()).toBe('ab');
  });

  it('ends a response that nobody reads, and its connection', async () => {
    const server = await serving((response) => response.write('x'));
    const { body } = await fetchFrom(server, { timeoutMs: 100 });
    await eventually('the body is destroyed', () => body.destroyed);
    await expect(body.toArray()).rejects.toMatchObject({ code: 'egress.timeout' });
  });

  it('ends a response that has arrived as a whole, and that nobody reads', async () => {
    const { body } = await fetchFrom(await serving((response) => response.end('x')), { timeoutMs: 100 });
    await eventually('the body is destroyed', () => body.destroyed);
    await expect(body.toArray()).rejects.toMatchObject({ code: 'egress.timeout' });
  });

  it('is not spent on the content of a redirect, which may be endless', async () => {
    const server = await startWebServer((request, response) => {
      if (request.url === '/end') return void response.end('end');
      response.writeHead(302, { location: '/end' }).write('x');
    });
    expect((await bytesFrom(server)).toString()).toBe('end');
  });

  it('ends with the signal of the caller, and its reason', async () => {
    const reason = new Error('no longer needed');
    const controller = new AbortController();
    const request = fetchFrom(await silent(), { signal: controller.signal });
    controller.abort(reason);
    await expect(request).rejects.toBe(reason);
    await expect(fetchFrom(await silent(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('ends with the signal of the caller while the content is read', async () => {
    const reason = new Error('no longer needed');
    const controller = new AbortController();
    const { body } = await fetchFrom(await serving((response) => response.write('x')), { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await expect(body.toArray()).rejects.toBe(reason);
  });
});

describe('what is sent', () => {
  it.each([
    ['large headers', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(17_000)}\r\n\r\n`, 'egress.unreadable', /16384 bytes/],
    ['many headers', `HTTP/1.1 200 OK\r\n${'x: yyyyyyyy\r\n'.repeat(2_000)}\r\n`, 'egress.unreadable', /16384 bytes/],
    ['something else than HTTP', 'SSH-2.0-OpenSSH_9.2p1 internal\r\n', 'egress.unreadable', /not valid HTTP/],
    ['an old protocol', '220 internal ESMTP\r\n', 'egress.unreadable', /not valid HTTP/],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      'egress.unreadable',
      /HTTP/,
    ],
    ['nothing', '', 'egress.unreachable', /the connection failed/],
    ['half of a header', 'HTTP/1.1 200 OK\r\nx-inter', 'egress.unreachable', /the connection failed/],
  ])('must not be %s', async (_what, text, code, message) => {
    const request = fetchFrom(await sending(text));
    await expect(request).rejects.toMatchObject({ code });
    await expect(request).rejects.toThrow(message);
    await expect(request).rejects.not.toThrow(/internal|127\.0\.0\.1|yyyy/);
  });

  it.each([
    ['fewer bytes than announced', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc', /ends early/],
    ['chunks without an end', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n', /ends early/],
    ['a chunk of no length', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n', /cannot be read/],
  ])('must not be %s', async (_what, text, message) => {
    const request = bytesFrom(await sending(text));
    await expect(request).rejects.toMatchObject({ code: 'egress.unreadable' });
    await expect(request).rejects.toThrow(message);
  });

  it('after a response is not the response to the next request', async () => {
    const extra = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n';
    const server = await sending(`${extra}mine${extra}evil`, false);
    const client = clientOf(server);
    const connections: number[] = [];
    for (let i = 0; i < 3; i++) {
      const { body } = await client.fetch(`http://127.0.0.1:${server.port}/`);
      expect((await body.toArray()).join('')).toBe('mine');
      connections.push(server.connections);
    }
    expect(connections).toEqual([1, 2, 3]);
  });

  it('is of a type that the caller accepts, if the response is successful', async () => {
    const of = (type: string | undefined, status = 200): Promise<WebServer> =>
      serving((response) => response.writeHead(status, { ...(type !== undefined && { 'content-type': type }) }).end());
    const contentTypes = ['image/png', 'image/jpeg'];
    expect(await bytesFrom(await of('Image/PNG; a=b'), { contentTypes })).toHaveLength(0);
    expect(await bytesFrom(await of('text/html', 404), { contentTypes })).toHaveLength(0);
    for (const type of ['text/html', 'image/png2', '', undefined]) {
      await expect(fetchFrom(await of(type), { contentTypes })).rejects.toMatchObject({
        code: 'egress.type_not_allowed',
        message: 'The URL has content of another type than image/png or image/jpeg.',
      });
    }
  });
});

describe('the number of requests', () => {
  it('is limited until their responses are read', async () => {
    const server = await serving((response) => response.write('x'));
    const client = clientOf(server, { requestsMax: 2 });
    const fetch = (): Promise<EgressResponse> => client.fetch(`http://127.0.0.1:${server.port}/`);
    const [first, second] = await Promise.all([fetch(), fetch()]);
    await expect(fetch()).rejects.toMatchObject({ code: 'egress.overloaded' });
    await once(first.body.destroy(), 'close');
    (await fetch()).body.destroy();
    second.body.destroy();
  });

  it('does not grow by requests that fail', async () => {
    const client = new EgressClient({ requestsMax: 1 });
    for (let i = 0; i < 3; i++) {
      await expect(client.fetch('http://127.0.0.1/')).rejects.toMatchObject({ code: 'egress.address_not_allowed' });
    }
  });
});

it('a server that is not there cannot be reached', async () => {
  const server = await serving(() => undefined);
  await server.close();
  const client = new EgressClient({ allowedNetworks: ['127.0.0.1'], ports: [server.port] });
  await expect(client.fetch(`http://127.0.0.1:${server.port}/`)).rejects.toMatchObject({
    code: 'egress.unreachable',
    message: 'The URL cannot be reached: it rejects connections.',
  });
});
