/**
 * What names and redirects lead to. 127.0.0.1 is allowed and stands for a public server; ::1 is not, and stands for an internal one.
 */
import { startDnsServer } from '../test/dns-server.ts';
import type { DnsRecords, DnsServer } from '../test/dns-server.ts';
import { startWebServer } from '../test/web-server.ts';
import type { WebServer } from '../test/web-server.ts';
import { AddressPolicy } from './address-policy.ts';
import { EgressClient } from './egress-client.ts';
import type { EgressRequest } from './egress-client.ts';
import { pinnedClient } from './pinned-client.ts';

const PUBLIC = '127.0.0.1';
const INTERNAL = '::1';

let open: WebServer;
let internal: WebServer;
let other: WebServer;
let dns: DnsServer;
let client: EgressClient;
let names: Readonly<Record<string, (before: number) => DnsRecords | undefined | null>>;
/** Where the public server redirects the path to. */
let redirects: Readonly<Record<string, readonly [status: number, location: string | string[]]>>;

beforeAll(async () => {
  open = await startWebServer((request, response) => {
    const [status, location] = redirects[request.url ?? ''] ?? [200];
    if (location !== undefined) response.setHeader('location', location);
    response.writeHead(status, { 'set-cookie': 'a=b' }).end('public');
  });
  internal = await startWebServer((_request, response) => response.end('internal'), INTERNAL, open.port);
  other = await startWebServer((_request, response) => response.end('other'));
  dns = await startDnsServer((name, before) => names[name]?.(before));
  client = new EgressClient({ allowedNetworks: [PUBLIC], ports: [open.port, other.port], dnsServers: [dns.address] });
});

beforeEach(() => {
  names = { 'example.com': () => ({ addresses: [PUBLIC] }), 'example.org': () => ({ addresses: [PUBLIC] }) };
  redirects = {};
  dns.names.length = 0;
});

afterEach(() => expect(internal.connections).toBe(0));
afterAll(() => Promise.all([open, internal, other, dns].map((server) => server.close())));

const urlOf = (host: string, path = '/', port = open.port): string => `http://${host}:${port}${path}`;

async function textOf(url: string, request?: EgressRequest): Promise<string> {
  const { body } = await client.fetch(url, request);
  return (await body.toArray()).join('');
}

const rejects = (url: string, code: string, request?: EgressRequest): Promise<void> =>
  expect(textOf(url, request)).rejects.toMatchObject({ code });

describe('a name', () => {
  it('is resolved once: the connection goes to the address that was checked, although the name has another one by then', async () => {
    names = { 'rebind.example': (before) => ({ addresses: [before === 0 ? PUBLIC : INTERNAL] }) };
    expect(await textOf(urlOf('rebind.example'))).toBe('public');
    expect(dns.names).toEqual(['rebind.example']);
    await rejects(urlOf('rebind.example'), 'egress.address_not_allowed');
  });

  it('is resolved and checked again after a redirect', async () => {
    names = { 'moved.example': (before) => ({ addresses: [before === 0 ? PUBLIC : '10.0.0.1'] }) };
    redirects = { '/': [302, '/again'] };
    await rejects(urlOf('moved.example'), 'egress.address_not_allowed');
    expect(dns.names).toEqual(['moved.example', 'moved.example']);
  });

  it.each([
    ['an internal address only', [INTERNAL]],
    ['an internal address after a public one', [PUBLIC, '10.0.0.1']],
    ['an internal address of the other family', [PUBLIC, INTERNAL]],
    ['a mapped address', ['::ffff:a00:1']],
    ['metadata', ['169.254.169.254']],
  ])('is rejected if it has %s', async (_what, addresses) => {
    names = { 'bad.example': () => ({ addresses }) };
    await rejects(urlOf('bad.example'), 'egress.address_not_allowed');
  });

  it('is followed through aliases, to what is at their end', async () => {
    names = {
      'good.example': () => ({ aliases: ['a.example', 'b.example'], addresses: [PUBLIC] }),
      'bad.example': () => ({ aliases: ['a.example', 'localhost'], addresses: [INTERNAL] }),
    };
    expect(await textOf(urlOf('good.example'))).toBe('public');
    await rejects(urlOf('bad.example'), 'egress.address_not_allowed');
  });

  it('without addresses cannot be reached', async () => {
    names = { 'empty.example': () => ({}) };
    await rejects(urlOf('empty.example'), 'egress.unreachable');
    await rejects(urlOf('unknown.example'), 'egress.unreachable');
  });

  it('whose server does not respond ends with the deadline', async () => {
    names = { 'silent.example': () => null };
    await rejects(urlOf('silent.example'), 'egress.timeout', { timeoutMs: 100 });
    // It is not asked a second time, as it would be after two seconds.
    expect(dns.names).toEqual(['silent.example']);
    const signal = AbortSignal.timeout(100);
    const error: unknown = await textOf(urlOf('silent.example'), { signal }).catch((thrown: unknown) => thrown);
    expect([signal.aborted, error === signal.reason]).toEqual([true, true]);
  });

  it('goes into the Host header, without the address', async () => {
    await textOf(urlOf('example.com', '/host'));
    expect(open.requests.at(-1)?.headers.host).toBe(`example.com:${open.port}`);
  });
});

it('a connection to an address that is not allowed is closed before the request, even if its name was resolved to it', async () => {
  const pinned = pinnedClient(`http://example.com:${open.port}`, [PUBLIC], new AddressPolicy());
  const before = open.requests.length;
  await expect(pinned.request({ path: '/', method: 'GET' })).rejects.toMatchObject({
    code: 'egress.address_not_allowed',
  });
  await pinned.destroy();
  expect(open.requests.length).toBe(before);
});

it('no proxy of the environment is used', async () => {
  const before = { ...process.env };
  const proxy = `http://[::1]:${internal.port}`;
  Object.assign(process.env, { HTTP_PROXY: proxy, http_proxy: proxy, ALL_PROXY: proxy, NODE_USE_ENV_PROXY: '1' });
  try {
    expect(await textOf(urlOf('example.com'))).toBe('public');
  } finally {
    process.env = before;
  }
});

describe('a redirect', () => {
  it.each([
    'http://[::1]:PORT/',
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1/',
    'http://0xa.0.0.1/',
    'http://internal.example/',
    'http://localhost./',
    'http://[::ffff:169.254.169.254]/',
    'http://①⑥⑨.254.169.254/',
    'http://169。254。169。254/',
    '//[::1]:PORT/',
    '///[::1]:PORT/',
    '/\\[::1]:PORT/',
    '\\\\[::1]:PORT/',
    'http:\\\\[::1]:PORT/',
    'http://example.com:PORT\\@[::1]:PORT/',
    'http://example.com@[::1]:PORT/',
    'http://user:secret@example.com:PORT/',
    'file:///etc/passwd',
    'ftp://example.com/',
    'gopher://[::1]:PORT/_',
    'data:text/plain,x',
    'http://example.com:22/',
    'http://[::1',
  ])('to %s is rejected', async (location) => {
    names = { ...names, 'internal.example': () => ({ addresses: ['10.0.0.1'] }) };
    redirects = { '/start': [302, Buffer.from(location.replaceAll('PORT', String(open.port))).toString('latin1')] };
    const error: unknown = await textOf(urlOf('example.com', '/start')).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: expect.stringMatching(/^egress\.(?:url|address)_not_allowed$/u) });
  });

  it('is followed three times, or as often as the caller says', async () => {
    redirects = { '/1': [301, '/2'], '/2': [302, '3'], '/3': [307, '?4'], '/3?4': [308, urlOf('example.org', '/5')] };
    await rejects(urlOf('example.com', '/1'), 'egress.too_many_redirects');
    const { url, body } = await client.fetch(urlOf('example.com', '/2'));
    expect([url, (await body.toArray()).join('')]).toEqual([urlOf('example.org', '/5'), 'public']);
    await rejects(urlOf('example.com', '/3'), 'egress.too_many_redirects', { redirectsMax: 0 });
    expect(await textOf(urlOf('example.com', '/1'), { redirectsMax: 4 })).toBe('public');
  });

  it('in a circle ends', async () => {
    redirects = { '/circle': [302, '/circle'] };
    await rejects(urlOf('example.com', '/circle'), 'egress.too_many_redirects', { redirectsMax: 20 });
  });

  it('without a location is a response', async () => {
    redirects = { '/none': [302, []] };
    expect(await textOf(urlOf('example.com', '/none'))).toBe('public');
  });

  it('to two locations is unreadable', async () => {
    redirects = { '/two': [302, ['/a', '/b']] };
    await rejects(urlOf('example.com', '/two'), 'egress.unreadable');
  });

  it('must have a scheme of the caller', async () => {
    redirects = { '/s': [302, 'https://example.com/'] };
    await rejects(urlOf('example.com', '/s'), 'egress.url_not_allowed', { allowedSchemes: ['http'] });
  });

  const headers = {
    Authorization: 'Bearer secret',
    'X-Api-Key': 'secret',
    'Mcp-Session-Id': 'secret',
    Accept: 'text/x',
  };

  it('keeps the headers at the same origin', async () => {
    redirects = { '/same': [302, '/end'] };
    await textOf(urlOf('example.com', '/same'), { headers });
    expect(open.requests.at(-1)).toMatchObject({
      path: '/end',
      headers: { authorization: 'Bearer secret', 'x-api-key': 'secret', accept: 'text/x' },
    });
  });

  it.each([
    ['another name', () => urlOf('example.org', '/end')],
    ['another port', () => urlOf('example.com', '/end', other.port)],
  ])('sends no credentials to %s', async (_what, location) => {
    redirects = { '/away': [302, location()] };
    await textOf(urlOf('example.com', '/away'), { headers });
    const received = [...open.requests, ...other.requests].filter(({ path }) => path === '/end').at(-1);
    expect(received?.headers).toMatchObject({ accept: 'text/x' });
    expect(JSON.stringify(received)).not.toContain('secret');
  });

  it('to another origin and back again sends no credentials either', async () => {
    redirects = { '/there': [302, urlOf('example.org', '/back')], '/back': [302, urlOf('example.com', '/home')] };
    await textOf(urlOf('example.com', '/there'), { headers });
    expect(open.requests.at(-1)?.path).toBe('/home');
    expect(JSON.stringify(open.requests.at(-1))).not.toContain('secret');
  });

  it('does not set cookies', async () => {
    redirects = { '/cookie': [302, '/end'] };
    const { headers: received, body } = await client.fetch(urlOf('example.com', '/cookie'));
    body.destroy();
    expect(received.has('set-cookie')).toBe(false);
    expect(open.requests.at(-1)?.headers).not.toHaveProperty('cookie');
  });

  it.each([
    [301, 'GET', ''],
    [302, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', 'content'],
    [308, 'POST', 'content'],
  ])('of a POST by %i is a %s', async (status, method, body) => {
    redirects = { '/post': [status, '/end'] };
    const request = { method: 'POST', body: 'content', headers: { 'content-type': 'text/x' } } as const;
    await rejects(urlOf('example.com', '/post'), 'egress.too_many_redirects', request);
    await textOf(urlOf('example.com', '/post'), { ...request, redirectsMax: 1 });
    expect(open.requests.at(-1)).toMatchObject({ path: '/end', method, body });
    expect(open.requests.at(-1)?.headers['content-type']).toBe(body === '' ? undefined : 'text/x');
  });
});
