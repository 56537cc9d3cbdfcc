/** Each row of the documents' tables of headers, tiers and errors. */
import { eventually } from '@xerotier/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiResponse, ApiClient } from '../support/api-client.ts';
import { hello } from '../support/chat-checks.ts';
import { ofBox, seedPlatform } from '../support/seed-platform.ts';
import { seedTable, testEachRow } from '../support/seed-table.ts';

const slugOf = (tier: string): string => tier.toLowerCase().replaceAll(/\W/g, '_');
const tiers = seedTable('004 Tier Limits').map(({ name }) => slugOf(name));
const endpointOf = (tier: string): string => tier.replaceAll('_', '-');

const { test, at, upstream, box } = seedPlatform({
  models: [{ id: 'nobody', name: 'nobody', ownedBy: 'Xerotier.ai', contextTokens: 1_000 }],
  endpoints: [
    ...tiers.map((tier) => ({ slug: endpointOf(tier), modelId: 'upstream', tier })),
    // Endpoints of a tier share what a key may do, so what empties one has another tier's.
    { slug: 'nobody', modelId: 'nobody', tier: 'self_hosted' },
  ],
});

const MINUTE_S = 60;

/** The number that a header has. */
function numberIn({ headers }: ApiResponse, name: string): number {
  const text = headers.get(name);
  if (text === null || !/^\d+$/.test(text)) throw new Error(`${name} is ${text}`);
  return Number(text);
}

/** Asks a tier until it refuses. */
async function spent(tier: string): Promise<{ last: ApiResponse | undefined; rejection: ApiResponse }> {
  const api = at(endpointOf(tier));
  for (let last: ApiResponse | undefined; ;) {
    const response = await api.post(hello());
    if (response.status === 429) return { last, rejection: response };
    expect(response.status).toBe(200);
    last = response;
  }
}

async function isALatencyTarget(header: string, field: string): Promise<void> {
  const { requestId } = await at('box').chat(ofBox(), { headers: { [header]: '250' } });
  expect((await test.fleet.usageOf(requestId)).latencyTargets).toEqual({ [field]: 250 });
  const { requestId: other } = await box();
  expect(await test.fleet.usageOf(other)).not.toHaveProperty('latencyTargets');
  for (const value of ['0', 'soon', '-1']) {
    const response = await at('box').rejected(ofBox(), { headers: { [header]: value } });
    expect([response.status, response.body.error.param]).toEqual([400, header]);
  }
}

testEachRow('002 Request Headers', {
  'X-SLO-TTFT-Ms': () => isALatencyTarget('X-SLO-TTFT-Ms', 'timeToFirstTokenMs'),
  'X-SLO-TPOT-Ms': () => isALatencyTarget('X-SLO-TPOT-Ms', 'timePerOutputTokenMs'),
});

async function tellsTheLimit(): Promise<void> {
  for (const [tier, perMinute] of [
    ['cpu_standard', 60],
    ['gpu_amd_dedicated', 500],
  ] as const)
    expect(numberIn(await at(endpointOf(tier)).chat(hello()), 'x-ratelimit-limit')).toBe(perMinute);
  expect((await box()).headers.has('x-ratelimit-limit')).toBe(false);
}

async function tellsTheRest(): Promise<void> {
  const api = at(endpointOf('cpu_amd_optimized'));
  const before = numberIn(await api.chat(hello()), 'x-ratelimit-remaining');
  const after = numberIn(await api.chat(hello()), 'x-ratelimit-remaining');
  // One comes back in three quarters of a second, so between these two at most one may have.
  expect([before - 1, before]).toContain(after);
  const { rejection } = await spent('cpu_intel_optimized');
  expect(numberIn(rejection, 'x-ratelimit-remaining')).toBe(0);
}

async function tellsTheReset(): Promise<void> {
  const { last } = await spent('gpu_intel_shared');
  // After a whole minute everything is there again, and of this nothing is.
  expect(numberIn(last as ApiResponse, 'x-ratelimit-reset')).toBeGreaterThan(MINUTE_S / 2);
  expect(numberIn(last as ApiResponse, 'x-ratelimit-reset')).toBeLessThanOrEqual(MINUTE_S);
}

testEachRow('002 Response Headers', {
  async 'X-Request-ID'() {
    const ids = new Set<string>();
    for (const response of [
      await box(),
      await at('chat').post(hello()),
      await at('chat').post({}),
      await at('chat').post('{'),
    ])
      ids.add(response.headers.get('x-request-id') ?? '');
    ids.add((await at('box').stream(ofBox())).headers.get('x-request-id') ?? '');
    expect(ids.size).toBe(5);
    for (const id of ids) expect(id).toMatch(/^req_\w{8,}$/);
  },

  async 'X-Xerotier-Worker-ID'() {
    const named = [
      (await box()).headers,
      (await at('box').stream(ofBox())).headers,
      (await at('chat').chat(hello())).headers,
    ];
    const [whole, streamed, other] = named.map((headers) => headers.get('x-xerotier-worker-id'));
    const known = (): string[] => test.fleet.workers.map(({ workerId }) => workerId);
    await eventually('both are known', () => [whole, other].every((id) => known().includes(id ?? '')));
    expect([streamed === whole, other === whole]).toEqual([true, false]);
  },

  async 'X-Xerotier-Max-Tokens-Clamped'() {
    for (const slug of ['box', 'chat']) {
      const body = ofBox({ max_tokens: 5_000_000 });
      expect((await at(slug).chat(body)).headers.get('x-xerotier-max-tokens-clamped')).toBe('5000000');
      expect((await at(slug).stream(body)).headers.get('x-xerotier-max-tokens-clamped')).toBe('5000000');
      expect((await at(slug).chat(ofBox())).headers.has('x-xerotier-max-tokens-clamped')).toBe(false);
    }
  },

  'X-RateLimit-Limit': tellsTheLimit,
  'X-RateLimit-Remaining': tellsTheRest,
  'X-RateLimit-Reset': tellsTheReset,

  async 'X-RateLimit-Warning'() {
    const api = at(endpointOf('gpu_nvidia_shared'));
    expect((await api.chat(hello())).headers.has('x-ratelimit-warning')).toBe(false);
    const { last } = await spent('gpu_nvidia_shared');
    expect(last?.headers.get('x-ratelimit-warning')).toMatch(/^\d+ of 100 requests left/);
  },

  async 'Retry-After'() {
    const { rejection } = await spent('free');
    const seconds = numberIn(rejection, 'retry-after');
    expect(rejection.body).toMatchObject({ error: { retry_after: seconds, retry_strategy: 'exponential' } });
    expect(seconds).toBeGreaterThan(0);
    // Twenty a minute are one in three seconds.
    expect(seconds).toBeLessThanOrEqual(3);
    await sleep(seconds * 1_000);
    expect((await at('free').post(hello())).status).toBe(200);
  },
});

testEachRow('004 Rate Limit Headers', {
  'X-RateLimit-Limit': tellsTheLimit,
  'X-RateLimit-Remaining': tellsTheRest,
  /** In seconds, as the later document has it; this table's Unix time would contradict it. */
  'X-RateLimit-Reset': tellsTheReset,
});

const ofTier = (tier: string): ApiClient => at(endpointOf(tier));

testEachRow(
  '004 Tier Limits',
  Object.fromEntries(
    seedTable('004 Tier Limits').map(({ name, notes }) => [
      name,
      async () => {
        const [requests, tokens] = notes.match(/\d[\d,]*|Unlimited/g) ?? [];
        const response = await ofTier(slugOf(name)).post(hello());
        const told = ['x-ratelimit-limit', 'x-ratelimit-limit-requests', 'x-ratelimit-limit-tokens'].map(
          (header) => response.headers.get(header) ?? 'Unlimited',
        );
        const plain = (text = ''): string => text.replaceAll(',', '');
        expect(told).toEqual([plain(requests), plain(requests), plain(tokens)]);
      },
    ]),
  ),
);

testEachRow('004 Common Error Codes', {
  invalid_request_error: async () => isAnError(await at('box').post(ofBox({ n: 0 })), 400, 'invalid_request_error'),
  authentication_error: async () =>
    isAnError(await at('box').post(ofBox(), { key: 'xero_none_of_these' }), 401, 'authentication_error'),
  permission_error: async () =>
    isAnError(await at('box').post(ofBox(), { key: test.description.managementKey }), 403, 'permission_error'),
  not_found_error: async () => isAnError(await at('not-there').post(ofBox()), 404, 'not_found_error'),
  rate_limit_error: async () => isAnError((await spent('free')).rejection, 429, 'rate_limit_error', true),
  async server_error() {
    upstream.reply = { stream: false, bodies: [{ error: { message: 'broken' } }], status: 500 };
    isAnError(await at('chat').post(hello()), 500, 'server_error');
  },
  service_unavailable: async () => isAnError(await at('nobody').post(hello()), 503, 'service_unavailable', true),
});

/** The envelope with all its keys; what may be tried again says when and how. */
function isAnError({ status, headers, body }: ApiResponse, expected: number, type: string, retryable = false): void {
  const again = retryable ? { retry_after: expect.any(Number), retry_strategy: 'exponential' } : {};
  const envelope = { message: expect.any(String), type, code: expect.any(String), param: null };
  expect([status, body]).toMatchObject([
    expected,
    { error: { ...envelope, ...(expected === 400 && { param: 'n' }), ...again } },
  ]);
  expect(headers.has('retry-after')).toBe(retryable);
}
