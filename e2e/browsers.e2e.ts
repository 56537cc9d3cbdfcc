/** The API from a web page of another origin: what a browser asks first, and what it lets a page read afterwards. */
import { scriptedPlatform } from '@xerotier/dev';
import { scripted } from './support/api-client.ts';
import { testPlatform } from './support/test-platform.ts';

const PAGE = 'https://app.example.com';
const LIMITED = 'free';

const test = testPlatform(() => {
  const plan = scriptedPlatform();
  return {
    ...plan,
    endpoints: [...plan.endpoints, { slug: 'limited', modelId: 'scripted', tier: LIMITED }],
    env: { CORS_ORIGINS: `http://localhost:3000,${PAGE}` },
  };
});

const url = (endpoint = 'chat'): string => `${test.api.with({ endpointSlug: endpoint }).endpointUrl}/chat/completions`;

function post(
  body: object,
  { origin = PAGE, endpoint = 'chat', key = test.description.apiKey } = {},
): Promise<Response> {
  return fetch(url(endpoint), {
    method: 'POST',
    headers: { origin, authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** The headers that a page of this origin gets to read. */
function readable({ headers }: Response): string[] {
  if (headers.get('access-control-allow-origin') !== PAGE) return [];
  const exposed = new Set((headers.get('access-control-expose-headers') ?? '').toLowerCase().split(', '));
  return [...headers.keys()].filter((name) => exposed.has(name));
}

it('a preflight request of the official SDK is answered, without a key', async () => {
  const response = await fetch(url(), {
    method: 'OPTIONS',
    headers: {
      origin: PAGE,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,x-stainless-lang,x-stainless-retry-count',
    },
  });
  expect(response.status).toBe(204);
  expect(response.headers.get('access-control-allow-origin')).toBe(PAGE);
  expect(response.headers.get('access-control-allow-methods')?.split(', ')).toEqual(
    expect.arrayContaining(['GET', 'POST', 'DELETE']),
  );
  expect(response.headers.get('access-control-allow-headers')).toContain('authorization');
  expect(response.headers.get('access-control-allow-credentials')).toBeNull();
});

it('a page reads an answer, whole and streamed, with its request id, its worker and its limits', async () => {
  for (const stream of [false, true]) {
    const response = await post(scripted({ tokens: 2 }, { stream }), { endpoint: 'limited' });
    expect([response.status, readable(response)]).toEqual([
      200,
      expect.arrayContaining(['x-request-id', 'x-xerotier-worker-id', 'x-ratelimit-remaining-tokens']),
    ]);
    expect(await response.text()).toContain('tok1');
  }
});

it('a page reads an error, of a request, of its key, of the path and of a server', async () => {
  const responses: [number, Promise<Response>][] = [
    [400, post(scripted({}, { n: 0 }))],
    [401, post(scripted({}), { key: 'xero_wrong' })],
    [404, fetch(`${test.description.baseUrl}/nothing`, { headers: { origin: PAGE } })],
    [500, post(scripted({ failAfter: 0 }))],
  ];
  for (const [status, pending] of responses) {
    const response = await pending;
    expect([response.status, readable(response)]).toEqual([status, expect.arrayContaining(['x-request-id'])]);
    expect(await response.json()).toMatchObject({ error: { code: expect.any(String) } });
  }
  expect(readable(await post(scripted({}), { key: 'xero_wrong' }))).toContain('www-authenticate');
});

it('a page reads how long to wait when it has asked too much', async () => {
  let response = await post(scripted({ tokens: 1 }), { endpoint: 'limited' });
  for (let sent = 0; response.status === 200 && sent < 500; sent++)
    response = await post(scripted({ tokens: 1 }), { endpoint: 'limited' });
  expect([response.status, readable(response)]).toEqual([429, expect.arrayContaining(['retry-after', 'x-request-id'])]);
});

it('another page reads nothing', async () => {
  for (const origin of ['https://evil.example.com', 'null', `${PAGE}.evil.com`]) {
    const response = await post(scripted({ tokens: 1 }), { origin });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, null]);
  }
});

it('the reference is read by an allowed page as well', async () => {
  for (const path of ['/', '/openapi.json'])
    expect(readable(await fetch(test.description.baseUrl + path, { headers: { origin: PAGE } }))).toContain(
      'x-request-id',
    );
});
