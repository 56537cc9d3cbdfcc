/** One test per row of the documented tables of headers, tiers and errors. */
import { eventually } from '@xerotier/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiResponse, ApiClient } from '../support/api-client.ts';
import { hello } from '../support/chat-checks.ts';
import { bundledBody, documentedPlatform } from '../support/documented-platform.ts';
import { documentedTable, testEachRow } from '../support/documented-table.ts';

const slugOf = (tier: string): string => tier.toLowerCase().replaceAll(/\W/g, '_');
const tiers = documentedTable('Usage Guides: Tier Limits').map(({ name }) => slugOf(name));
const endpointOf = (tier: string): string => tier.replaceAll('_', '-');

const { test, at, upstream, bundled } = documentedPlatform({
  models: [{ id: 'no-worker', name: 'no-worker', ownedBy: 'Xerotier.ai', contextTokens: 1_000 }],
  endpoints: [
    ...tiers.map((tier) => ({ slug: endpointOf(tier), modelId: 'upstream', tier })),
    // Endpoints of one tier share a bucket per API key, so each test that exhausts a bucket uses its own tier.
    { slug: 'no-worker', modelId: 'no-worker', tier: 'self_hosted' },
  ],
});

const MINUTE_S = 60;

/** @throws {Error} when the header is not a non-negative integer. */
function headerNumber({ headers }: ApiResponse, name: string): number {
  const text = headers.get(name);
  if (text === null || !/^\d+$/.test(text)) throw new Error(`${name} is ${text}`);
  return Number(text);
}

/** Sends requests until the rate limit of the tier is exceeded. */
async function exhaust(tier: string): Promise<{ last: ApiResponse | undefined; rejection: ApiResponse }> {
  const api = at(endpointOf(tier));
  for (let last: ApiResponse | undefined; ;) {
    const response = await api.post(hello());
    if (response.status === 429) return { last, rejection: response };
    expect(response.status).toBe(200);
    last = response;
  }
}

async function expectLatencyTarget(header: string, field: string): Promise<void> {
  const { requestId } = await at('bundled').chat(bundledBody(), { headers: { [header]: '250' } });
  expect((await test.fleet.usageOf(requestId)).latencyTargets).toEqual({ [field]: 250 });
  const { requestId: other } = await bundled();
  expect(await test.fleet.usageOf(other)).not.toHaveProperty('latencyTargets');
  for (const value of ['0', 'soon', '-1']) {
    const response = await at('bundled').rejected(bundledBody(), { headers: { [header]: value } });
    expect([response.status, response.body.error.param]).toEqual([400, header]);
  }
}

testEachRow('SDK & Integrations: Request Headers', {
  'X-SLO-TTFT-Ms': () => expectLatencyTarget('X-SLO-TTFT-Ms', 'timeToFirstTokenMs'),
  'X-SLO-TPOT-Ms': () => expectLatencyTarget('X-SLO-TPOT-Ms', 'timePerOutputTokenMs'),
});

async function expectLimit(): Promise<void> {
  for (const [tier, perMinute] of [
    ['cpu_standard', 60],
    ['gpu_amd_dedicated', 500],
  ] as const)
    expect(headerNumber(await at(endpointOf(tier)).chat(hello()), 'x-ratelimit-limit')).toBe(perMinute);
  expect((await bundled()).headers.has('x-ratelimit-limit')).toBe(false);
}

async function expectRemaining(): Promise<void> {
  const api = at(endpointOf('cpu_amd_optimized'));
  const before = headerNumber(await api.chat(hello()), 'x-ratelimit-remaining');
  const after = headerNumber(await api.chat(hello()), 'x-ratelimit-remaining');
  // One request is replenished every 0.75 seconds, so at most one between these two.
  expect([before - 1, before]).toContain(after);
  const { rejection } = await exhaust('cpu_intel_optimized');
  expect(headerNumber(rejection, 'x-ratelimit-remaining')).toBe(0);
}

async function expectReset(): Promise<void> {
  const { last } = await exhaust('gpu_intel_shared');
  // An exhausted bucket is full again after a minute, and the time that replenishes the burst, half of a minute's requests.
  expect(headerNumber(last as ApiResponse, 'x-ratelimit-reset')).toBeGreaterThan(MINUTE_S / 2);
  expect(headerNumber(last as ApiResponse, 'x-ratelimit-reset')).toBeLessThanOrEqual(1.5 * MINUTE_S);
}

testEachRow('SDK & Integrations: Response Headers', {
  async 'X-Request-ID'() {
    const ids = new Set<string>();
    for (const response of [
      await bundled(),
      await at('chat').post(hello()),
      await at('chat').post({}),
      await at('chat').post('{'),
    ])
      ids.add(response.headers.get('x-request-id') ?? '');
    ids.add((await at('bundled').stream(bundledBody())).headers.get('x-request-id') ?? '');
    expect(ids.size).toBe(5);
    for (const id of ids) expect(id).toMatch(/^req_\w{8,}$/);
  },

  async 'X-Xerotier-Worker-ID'() {
    const named = [
      (await bundled()).headers,
      (await at('bundled').stream(bundledBody())).headers,
      (await at('chat').chat(hello())).headers,
    ];
    const [whole, streamed, other] = named.map((headers) => headers.get('x-xerotier-worker-id'));
    const known = (): string[] => test.fleet.workers.map(({ workerId }) => workerId);
    await eventually('both workers are known', () => [whole, other].every((id) => known().includes(id ?? '')));
    expect([streamed === whole, other === whole]).toEqual([true, false]);
  },

  async 'X-Xerotier-Max-Tokens-Clamped'() {
    for (const slug of ['bundled', 'chat']) {
      const body = bundledBody({ max_tokens: 5_000_000 });
      expect((await at(slug).chat(body)).headers.get('x-xerotier-max-tokens-clamped')).toBe('5000000');
      expect((await at(slug).stream(body)).headers.get('x-xerotier-max-tokens-clamped')).toBe('5000000');
      expect((await at(slug).chat(bundledBody())).headers.has('x-xerotier-max-tokens-clamped')).toBe(false);
    }
  },

  'X-RateLimit-Limit': expectLimit,
  'X-RateLimit-Remaining': expectRemaining,
  'X-RateLimit-Reset': expectReset,

  async 'X-RateLimit-Warning'() {
    const api = at(endpointOf('gpu_nvidia_shared'));
    expect((await api.chat(hello())).headers.has('x-ratelimit-warning')).toBe(false);
    const { last } = await exhaust('gpu_nvidia_shared');
    expect(last?.headers.get('x-ratelimit-warning')).toMatch(/^\d+ of 100 requests left/);
  },

  async 'Retry-After'() {
    const { rejection } = await exhaust('free');
    const seconds = headerNumber(rejection, 'retry-after');
    expect(rejection.body).toMatchObject({ error: { retry_after: seconds, retry_strategy: 'exponential' } });
    expect(seconds).toBeGreaterThan(0);
    // 20 requests per minute are one every three seconds.
    expect(seconds).toBeLessThanOrEqual(3);
    await sleep(seconds * 1_000);
    expect((await at('free').post(hello())).status).toBe(200);
  },
});

testEachRow('Usage Guides: Rate Limit Headers', {
  'X-RateLimit-Limit': expectLimit,
  'X-RateLimit-Remaining': expectRemaining,
  /** In seconds, as the later document specifies; the Unix time of this table contradicts it. */
  'X-RateLimit-Reset': expectReset,
});

const ofTier = (tier: string): ApiClient => at(endpointOf(tier));

testEachRow(
  'Usage Guides: Tier Limits',
  Object.fromEntries(
    documentedTable('Usage Guides: Tier Limits').map(({ name, notes }) => [
      name,
      async () => {
        const [requests, tokens] = notes.match(/\d[\d,]*|Unlimited/g) ?? [];
        const response = await ofTier(slugOf(name)).post(hello());
        const limits = ['x-ratelimit-limit', 'x-ratelimit-limit-requests', 'x-ratelimit-limit-tokens'].map(
          (header) => response.headers.get(header) ?? 'Unlimited',
        );
        const withoutCommas = (text = ''): string => text.replaceAll(',', '');
        expect(limits).toEqual([withoutCommas(requests), withoutCommas(requests), withoutCommas(tokens)]);
      },
    ]),
  ),
);

testEachRow('Usage Guides: Common Error Codes', {
  invalid_request_error: async () =>
    expectApiError(await at('bundled').post(bundledBody({ n: 0 })), 400, 'invalid_request_error'),
  authentication_error: async () =>
    expectApiError(await at('bundled').post(bundledBody(), { key: 'xero_none_of_these' }), 401, 'authentication_error'),
  permission_error: async () =>
    expectApiError(
      await at('bundled').post(bundledBody(), { key: test.description.managementKey }),
      403,
      'permission_error',
    ),
  not_found_error: async () => expectApiError(await at('not-there').post(bundledBody()), 404, 'not_found_error'),
  rate_limit_error: async () => expectApiError((await exhaust('free')).rejection, 429, 'rate_limit_error', true),
  async server_error() {
    upstream.reply = { stream: false, bodies: [{ error: { message: 'broken' } }], status: 500 };
    expectApiError(await at('chat').post(hello()), 500, 'server_error');
  },
  service_unavailable: async () =>
    expectApiError(await at('no-worker').post(hello()), 503, 'service_unavailable', true),
});

/** Expects the complete error envelope, with the retry fields if the error is retryable. */
function expectApiError(
  { status, headers, body }: ApiResponse,
  expected: number,
  type: string,
  retryable = false,
): void {
  const retryFields = retryable ? { retry_after: expect.any(Number), retry_strategy: 'exponential' } : {};
  const envelope = { message: expect.any(String), type, code: expect.any(String), param: null };
  expect([status, body]).toMatchObject([
    expected,
    { error: { ...envelope, ...(expected === 400 && { param: 'n' }), ...retryFields } },
  ]);
  expect(headers.has('retry-after')).toBe(retryable);
}
