/** CORS: the preflight request of a browser, and the headers that a page of another origin can read. */
import { scriptedPlatform } from '@xerotier/dev';
import { scripted } from './support/api-client.ts';
import { testPlatform } from './support/test-platform.ts';

const ORIGIN = 'https://app.example.com';
const LIMITED = 'free';

const test = testPlatform(() => {
  const plan = scriptedPlatform();
  return {
    ...plan,
    endpoints: [...plan.endpoints, { slug: 'limited', modelId: 'scripted', tier: LIMITED }],
    env: { CORS_ORIGINS: `http://localhost:3000,${ORIGIN}` },
  };
});

const url = (endpoint = 'chat'): string => `${test.api.with({ endpointSlug: endpoint }).endpointUrl}/chat/completions`;

function post(
  body: object,
  { origin = ORIGIN, endpoint = 'chat', key = test.description.apiKey } = {},
): Promise<Response> {
  return fetch(url(endpoint), {
    method: 'POST',
    headers: { origin, authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** Returns the names of the headers that a page of {@link ORIGIN} can read. */
function readableHeaders({ headers }: Response): string[] {
  if (headers.get('access-control-allow-origin') !== ORIGIN) return [];
  const exposed = new Set((headers.get('access-control-expose-headers') ?? '').toLowerCase().split(', '));
  return [...headers.keys()].filter((name) => exposed.has(name));
}

it('accepts a preflight request of the official SDK without an API key', async () => {
  const response = await fetch(url(), {
    method: 'OPTIONS',
    headers: {
      origin: ORIGIN,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,x-stainless-lang,x-stainless-retry-count',
    },
  });
  expect(response.status).toBe(204);
  expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN);
  expect(response.headers.get('access-control-allow-methods')?.split(', ')).toEqual(
    expect.arrayContaining(['GET', 'POST', 'DELETE']),
  );
  expect(response.headers.get('access-control-allow-headers')).toContain('authorization');
  expect(response.headers.get('access-control-allow-credentials')).toBeNull();
});

it('exposes request id, worker id and rate limits to an allowed origin, with and without stream', async () => {
  for (const stream of [false, true]) {
    const response = await post(scripted({ tokens: 2 }, { stream }), { endpoint: 'limited' });
    expect([response.status, readableHeaders(response)]).toEqual([
      200,
      expect.arrayContaining(['x-request-id', 'x-xerotier-worker-id', 'x-ratelimit-remaining-tokens']),
    ]);
    expect(await response.text()).toContain('tok1');
  }
});

it('exposes errors of the request, the API key, the path and the engine', async () => {
  const responses: [number, Promise<Response>][] = [
    [400, post(scripted({}, { n: 0 }))],
    [401, post(scripted({}), { key: 'xero_wrong' })],
    [404, fetch(`${test.description.baseUrl}/nothing`, { headers: { origin: ORIGIN } })],
    [500, post(scripted({ failAfter: 0 }))],
  ];
  for (const [status, pending] of responses) {
    const response = await pending;
    expect([response.status, readableHeaders(response)]).toEqual([status, expect.arrayContaining(['x-request-id'])]);
    expect(await response.json()).toMatchObject({ error: { code: expect.any(String) } });
  }
  expect(readableHeaders(await post(scripted({}), { key: 'xero_wrong' }))).toContain('www-authenticate');
});

it('exposes Retry-After when the rate limit is exceeded', async () => {
  let response = await post(scripted({ tokens: 1 }), { endpoint: 'limited' });
  for (let sent = 0; response.status === 200 && sent < 500; sent++)
    response = await post(scripted({ tokens: 1 }), { endpoint: 'limited' });
  expect([response.status, readableHeaders(response)]).toEqual([
    429,
    expect.arrayContaining(['retry-after', 'x-request-id']),
  ]);
});

it('sends no CORS headers to another origin', async () => {
  for (const origin of ['https://evil.example.com', 'null', `${ORIGIN}.evil.com`]) {
    const response = await post(scripted({ tokens: 1 }), { origin });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, null]);
  }
});

it('exposes the API description and the OpenAPI document', async () => {
  for (const path of ['/', '/openapi.json'])
    expect(readableHeaders(await fetch(test.description.baseUrl + path, { headers: { origin: ORIGIN } }))).toContain(
      'x-request-id',
    );
});
