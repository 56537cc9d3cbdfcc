/** Spend caps of keys and projects, quotas of keys, and the running requests of a key. */
import { scriptedPlatform } from '@xerotier/dev';
import { createApiKey, getApiKey, setApiKeyQuota, setApiKeySpendCap } from '@xerotier/public-api/api-keys';
import { createClient } from '@xerotier/public-api/client';
import type { Client } from '@xerotier/public-api/client';
import { getSpendCap, setSpendCap } from '@xerotier/public-api/spend-cap';
import { eventually } from '@xerotier/testing';
import { scripted } from './support/api-client.ts';
import type { ApiClient, ApiResponse, ErrorBody } from './support/api-client.ts';
import { dedicatedPlatform } from './support/test-platform.ts';
import { setTierLimit } from './support/tiers.ts';

const PRICED = 'cpu_standard';
const NARROW = 'gpu_amd_shared';

const test = dedicatedPlatform(() => {
  const plan = scriptedPlatform({ slots: 8 });
  const endpoints = [PRICED, NARROW].map((tier) => ({ slug: tier.replaceAll('_', '-'), modelId: 'scripted', tier }));
  const env = { MANAGEMENT_REQUESTS_PER_MINUTE: '100' };
  return { ...plan, env, endpoints: [...plan.endpoints, ...endpoints] };
});

beforeAll(() => setTierLimit(test.description.databaseUrl, 'concurrencyMax', 1, [NARROW]));

function management(): Client {
  return createClient({ baseUrl: test.description.projectUrl, apiKey: test.description.managementKey });
}

/** A new key, and a client with it of the endpoint on a tier. */
async function aKey(tier: string): Promise<{ id: string; api: ApiClient }> {
  const { id, key } = await management().call(createApiKey, { body: { name: 'e2e' } });
  return { id, api: test.api.with({ apiKey: key, endpointSlug: tier.replaceAll('_', '-') }) };
}

const BODY = scripted({ tokens: 20 }, { max_tokens: 20 });

/** Sends requests until a change is known to the gateway and one is rejected. */
async function eventuallyRejected(api: ApiClient): Promise<ApiResponse<ErrorBody>> {
  return eventually('a request is rejected', async () => {
    const response = await api.post(BODY);
    return response.status === 200 ? undefined : (response as ApiResponse<ErrorBody>);
  });
}

/** Seconds until the month ends, for comparison. */
function secondsLeft(): number {
  const now = new Date();
  return (Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1) - now.getTime()) / 1_000;
}

describe('the spend cap of a key', () => {
  it('rejects a request that can cost more than it until the month ends, and admits one that cannot', async () => {
    const { id, api } = await aKey(PRICED);
    const set = await management().call(setApiKeySpendCap, { params: { key: id }, body: { spend_cap_micros: 1 } });
    expect(set.spend_cap_micros).toBe(1);
    const { status, headers, body } = await api.rejected(BODY);
    expect([status, body.error]).toEqual([
      429,
      {
        message:
          'This request could exceed the spend cap of this API key for this month. A lower max_completion_tokens reduces what it can cost.',
        type: 'insufficient_quota',
        param: null,
        code: 'insufficient_quota',
        retry_after: Number(headers.get('retry-after')),
        retry_strategy: 'none',
      },
    ]);
    expect(Math.abs(body.error.retry_after! - secondsLeft())).toBeLessThan(60);
    // More than this request can cost, and less than the context of the model.
    await management().call(setApiKeySpendCap, { params: { key: id }, body: { spend_cap_micros: 300 } });
    await eventually('a request is served', async () => (await api.post(BODY)).status === 200);
    const unbounded = await api.rejected(scripted({ tokens: 20 }, { max_tokens: 1_000_000_000 }));
    expect(unbounded.status).toBe(429);
  });

  it('does not concern other keys, and tiers that cost nothing', async () => {
    const { id, api } = await aKey(PRICED);
    await management().call(setApiKeySpendCap, { params: { key: id }, body: { spend_cap_micros: 0 } });
    expect((await eventuallyRejected(api)).body.error.code).toBe('insufficient_quota');
    expect((await api.with({ endpointSlug: 'chat' }).post(BODY)).status).toBe(200);
    expect((await (await aKey(PRICED)).api.post(BODY)).status).toBe(200);
  });

  it('can be removed', async () => {
    const { id, api } = await aKey(PRICED);
    await management().call(setApiKeySpendCap, { params: { key: id }, body: { spend_cap_micros: 0 } });
    await eventuallyRejected(api);
    await management().call(setApiKeySpendCap, { params: { key: id }, body: { spend_cap_micros: null } });
    await eventually('a request is served', async () => (await api.post(BODY)).status === 200);
    expect((await management().call(getApiKey, { params: { key: id } })).spend_cap_micros).toBeNull();
  });
});

describe('the spend cap of a project', () => {
  it('counts what the ledger knows of all its keys', async () => {
    const { api } = await aKey(PRICED);
    await api.chat(BODY);
    const spent = await eventually('the ledger has the cost', async () => {
      const { spent_micros: micros } = await management().call(getSpendCap);
      return micros > 0 ? micros : undefined;
    });
    const cap = { spend_cap_micros: spent };
    const set = await management().call(setSpendCap, { body: cap });
    expect(set).toMatchObject({ object: 'spend_cap', ...cap });
    expect(Math.abs(set.resets_at - Date.now() / 1_000 - secondsLeft())).toBeLessThan(5);
    const { body } = await eventuallyRejected((await aKey(PRICED)).api);
    expect(body.error).toMatchObject({
      ...{ code: 'insufficient_quota', message: expect.stringContaining('this project') as string },
    });
    await management().call(setSpendCap, { body: { spend_cap_micros: null } });
    await eventually('requests are served', async () => (await api.post(BODY)).status === 200);
  });
});

describe('the quota of a key', () => {
  it('rejects further requests until its window ends', async () => {
    const { id, api } = await aKey('chat');
    await management().call(setApiKeyQuota, { params: { key: id }, body: { requests: 2, window_seconds: 3600 } });
    await eventually('the change is known', async () => (await api.post(BODY)).status === 200);
    await api.chat(BODY);
    const { status, body } = await api.rejected(BODY);
    expect([status, body.error.type, body.error.code]).toEqual([429, 'insufficient_quota', 'insufficient_quota']);
    expect(body.error.message).toBe('The quota of this API key is used up: 2 requests in 3600 seconds.');
    expect(body.error.retry_after).toBeGreaterThan(3_500);
  });
});

describe('the running requests of a key', () => {
  it('are limited by the tier', async () => {
    const { api } = await aKey(NARROW);
    const slow = scripted({ tokens: 500, delayMs: 20 }, { max_tokens: 500 });
    const first = await api.stream(slow);
    await first.textChunks(1);
    const { status, body } = await api.rejected({ ...slow, stream: true });
    expect([status, body.error]).toEqual([
      429,
      {
        message: 'Rate limit reached: the tier gpu_amd_shared allows 1 requests of a key at the same time.',
        type: 'rate_limit_error',
        param: null,
        code: 'rate_limit_exceeded',
        retry_after: 1,
        retry_strategy: 'exponential',
      },
    ]);
    expect((await (await aKey(NARROW)).api.post(BODY)).status).toBe(200);
    first.abort();
    await eventually('the next request is admitted', async () => (await api.post(BODY)).status === 200);
  });
});

describe('without Redis', () => {
  it('rejects requests with a quota or a spend cap, and serves the others', async () => {
    const { id, api } = await aKey(PRICED);
    const other = await aKey(PRICED);
    await management().call(setApiKeySpendCap, { params: { key: id }, body: { spend_cap_micros: 1_000_000 } });
    await api.chat(BODY);
    await test.platform.servers.started.redis?.kill('SIGKILL');
    const { status, body } = await eventuallyRejected(api);
    expect([status, body.error.code]).toEqual([503, 'service_unavailable']);
    expect((await other.api.post(BODY)).status).toBe(200);
  });

  it('limits requests to the management API', async () => {
    const url = `${test.description.projectUrl}/management/spend-cap`;
    const headers = { Authorization: `Bearer ${test.description.managementKey}` };
    const response = await eventually('a request is rejected', async () => {
      const each = await fetch(url, { headers });
      return each.status === 200 ? undefined : each;
    });
    const { error } = (await response.json()) as ErrorBody;
    expect([response.status, error.code]).toEqual([429, 'rate_limit_exceeded']);
    expect(error.message).toContain('100 requests per minute to the management API');
    expect(response.headers.get('retry-after')).toBe('1');
  });
});
