import { metricsText, startSpan, SpanKind, withSpan } from '@xerotier/telemetry';
import { recordedSpans } from '@xerotier/telemetry/testing';
import { once } from 'node:events';
import { startWebServer } from '../test/web-server.ts';
import type { WebServer } from '../test/web-server.ts';
import { EgressClient } from './egress-client.ts';

const spans = recordedSpans();

let server: WebServer;
let client: EgressClient;
let url: string;

beforeAll(async () => {
  server = await startWebServer((request, response) => {
    if (request.url === '/slow') return void response.write('x');
    response.setHeader('x-list', ['a', 'b']);
    response.writeHead(request.url === '/missing' ? 404 : 200, { 'set-cookie': 'a=b', __proto__: 'x' }).end('content');
  });
  client = new EgressClient({ allowedNetworks: ['127.0.0.1'], ports: [server.port] });
  url = `http://127.0.0.1:${server.port}`;
});

afterAll(() => server.close());

async function outcomes(): Promise<Record<string, number>> {
  const lines = (await metricsText()).matchAll(/^xerotier_egress_requests_total\{outcome="(\w+)"\} (\d+)$/gmu);
  return Object.fromEntries([...lines].map(([, outcome, count]) => [outcome, Number(count)]));
}

describe('a request', () => {
  it('has the headers that the caller states, and none that tell about the platform', async () => {
    const span = startSpan('request', { kind: SpanKind.SERVER });
    const { body } = await withSpan(span, () => client.fetch(`${url}/a?b=c#d`, { headers: { 'X-Custom': 'é' } }));
    span.end();
    await body.toArray();
    expect(server.requests.at(-1)).toEqual({
      method: 'GET',
      path: '/a?b=c',
      body: '',
      headers: {
        host: `127.0.0.1:${server.port}`,
        connection: 'close',
        accept: '*/*',
        'user-agent': 'xerotier',
        'accept-encoding': 'gzip, deflate, br, zstd',
        'x-custom': 'é',
      },
    });
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)('with %s has a body', async (method) => {
    const { body } = await client.fetch(url, { method, body: Buffer.from('{}'), headers: { 'user-agent': 'mine' } });
    await body.toArray();
    const received = server.requests.at(-1);
    expect([received?.method, received?.body, received?.headers['user-agent']]).toEqual([method, '{}', 'mine']);
    expect(received?.headers['content-length']).toBe('2');
  });

  it.each([
    ['Host', 'internal.example'],
    ['connection', 'keep-alive'],
    ['Cookie', 'a=b'],
    ['content-length', '1'],
    ['transfer-encoding', 'chunked'],
    ['proxy-authorization', 'Basic eA=='],
    ['accept-encoding', 'compress'],
    ['expect', '100-continue'],
    ['upgrade', 'websocket'],
    ['x y', 'z'],
    ['', 'z'],
    ['x\r\nhost', 'z'],
    ['x', 'secret\r\nhost: internal.example'],
    ['x', 'secret\u0000'],
    ['x', 'secret☃'],
    ['x', 'y'.repeat(17_000)],
  ])('must not have the header %j: %j', async (name, value) => {
    const before = server.connections;
    const request = client.fetch(url, { headers: { [name]: value } });
    await expect(request).rejects.toMatchObject({ code: 'egress.header_not_allowed' });
    await expect(request).rejects.not.toThrow(/secret|internal/);
    expect(server.connections).toBe(before);
  });
});

describe('a response', () => {
  it('has status, headers, content and its URL', async () => {
    const response = await client.fetch(`${url}/missing#x`);
    expect([response.status, response.url]).toEqual([404, `${url}/missing#x`]);
    expect(response.headers.get('x-list')).toBe('a, b');
    expect(response.headers.get('content-length')).toBeUndefined();
    expect(response.headers.has('set-cookie')).toBe(false);
    expect((await response.body.toArray()).join('')).toBe('content');
  });
});

describe('what is observed', () => {
  it('is the outcome of each request, as a metric and a span', async () => {
    const before = await outcomes();
    await (await client.fetch(url)).body.toArray();
    await once((await client.fetch(`${url}/slow`)).body.destroy(), 'close');
    await client.fetch(url, { signal: AbortSignal.abort() }).catch(() => undefined);
    await client.fetch(`http://10.0.0.1:${server.port}/`).catch(() => undefined);
    await client
      .fetch(`${url}/slow`, { timeoutMs: 50 })
      .then(({ body }) => body.toArray())
      .catch(() => undefined);
    const after = await outcomes();
    const since = Object.entries(after).map(([outcome, count]) => [outcome, count - (before[outcome] ?? 0)]);
    expect(Object.fromEntries(since.filter(([, count]) => count !== 0))).toEqual({
      completed: 1,
      cancelled: 2,
      address_not_allowed: 1,
      timeout: 1,
    });
    const described = spans.ended().map(({ name, attributes }) => ({ name, ...attributes }));
    expect(described).toEqual([
      { name: 'egress.fetch', 'http.request.method': 'GET', 'http.response.status_code': 200 },
      { name: 'egress.fetch', 'http.request.method': 'GET', 'http.response.status_code': 200 },
      { name: 'egress.fetch', 'http.request.method': 'GET' },
      { name: 'egress.fetch', 'http.request.method': 'GET', 'error.type': 'egress.address_not_allowed' },
      {
        name: 'egress.fetch',
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'error.type': 'egress.timeout',
      },
    ]);
  });
});
