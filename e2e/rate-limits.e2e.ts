/** The limits of a tier apply per API key across all gateways, are reported to clients, and remain without Redis. */
import { scriptedPlatform } from '@xerotier/dev';
import { silentLog } from '@xerotier/log/testing';
import { connectRedis } from '@xerotier/redis';
import { eventually } from '@xerotier/testing';
import { once } from 'node:events';
import OpenAI from 'openai';
import { scripted } from './support/api-client.ts';
import type { ApiResponse, ApiClient, ErrorBody } from './support/api-client.ts';
import { dedicatedPlatform } from './support/test-platform.ts';
import { setTierLimit } from './support/tiers.ts';

const GATEWAYS = 4;

const tiers = ['gpu_nvidia_shared', 'free', 'cpu_standard', 'cpu_amd_optimized'];

const test = dedicatedPlatform(() => {
  const plan = scriptedPlatform({ slots: 64 });
  return {
    ...plan,
    gateways: GATEWAYS,
    endpoints: [
      ...plan.endpoints,
      ...tiers.map((tier) => ({ slug: tier.replaceAll('_', '-'), modelId: 'scripted', tier })),
    ],
  };
});

// Many requests at once, to test the other limits.
beforeAll(async () => {
  const { databaseUrl } = test.description;
  await setTierLimit(databaseUrl, 'concurrencyMax', null, tiers);
  await setTierLimit(databaseUrl, 'burstRequests', null, ['gpu_nvidia_shared']);
});

/** Returns a client of the endpoint through one of the gateways. */
function through(gateway: number, endpointSlug: string): ApiClient {
  const name = gateway === 0 ? 'gateway' : `gateway-${gateway + 1}`;
  const baseUrl = `http://127.0.0.1:${test.platform.service(name).facts['port']}`;
  return test.api.with({ baseUrl, endpointSlug });
}

/** Waits until every gateway has renewed its registration in Redis after the last one registered. */
async function allGatewaysRegistered(): Promise<void> {
  const redis = connectRedis({ url: test.description.redisUrl, name: 'test', log: silentLog() });
  await once(redis, 'ready');
  const registrationTimes = async (): Promise<number[]> => {
    const gateways = await redis.zrange('gateways', 0, -1, 'WITHSCORES');
    return gateways.filter((_, i) => i % 2 === 1).map(Number);
  };
  const lastRegistration = Math.max(
    ...(await eventually('all gateways are registered', async () => {
      const seconds = await registrationTimes();
      return seconds.length === GATEWAYS ? seconds : undefined;
    })),
  );
  await eventually(
    'all gateways have renewed their registration',
    async () => Math.min(...(await registrationTimes())) > lastRegistration,
  );
  redis.disconnect();
}

const BODY = scripted({ tokens: 1 }, { max_tokens: 1 });

describe('limit of requests', () => {
  it('is exact across four gateways', async () => {
    const startedAt = performance.now();
    const statuses = await Promise.all(
      Array.from({ length: 400 }, async (_, i) => {
        const response = await through(i % GATEWAYS, 'gpu-nvidia-shared').post(BODY);
        return response.status;
      }),
    );
    const replenished = ((performance.now() - startedAt) / 60_000) * 100;
    const admitted = statuses.filter((status) => status === 200).length;
    expect(admitted).toBeGreaterThanOrEqual(99);
    expect(admitted).toBeLessThanOrEqual(101 + replenished);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
  });

  it('is in the headers of every response, and a 429 has Retry-After, after the burst of the tier', async () => {
    const startedAt = performance.now();
    const api = through(0, 'free');
    const first = await api.chat(BODY);
    expect(Object.fromEntries([...first.headers].filter(([name]) => name.startsWith('x-ratelimit')))).toMatchObject({
      'x-ratelimit-limit': '20',
      'x-ratelimit-remaining': '19',
      'x-ratelimit-reset': '3',
      'x-ratelimit-limit-requests': '20',
      'x-ratelimit-remaining-requests': '19',
      'x-ratelimit-reset-requests': '3s',
      'x-ratelimit-limit-tokens': '10000',
    });
    expect(first.headers.get('x-ratelimit-warning')).toBeNull();
    const responses = await Promise.all(Array.from({ length: 60 }, () => api.post(BODY)));
    const admitted = 1 + responses.filter(({ status }) => status === 200).length;
    expect(admitted).toBeGreaterThanOrEqual(20 + 10);
    expect(admitted).toBeLessThanOrEqual(31 + ((performance.now() - startedAt) / 60_000) * 20);
    for (const { status, headers } of responses.filter(({ status }) => status !== 429))
      expect([status, Number(headers.get('x-ratelimit-remaining')) >= 0]).toEqual([200, true]);
    const rejected = responses.find(({ status }) => status === 429) as ApiResponse<ErrorBody>;
    expect(rejected.body.error).toEqual({
      message: 'Rate limit reached: the tier free allows 20 requests per minute.',
      type: 'rate_limit_error',
      param: null,
      code: 'rate_limit_exceeded',
      retry_after: Number(rejected.headers.get('retry-after')),
      retry_strategy: 'exponential',
    });
    expect(rejected.body.error.retry_after).toBeGreaterThanOrEqual(1);
    expect(rejected.body.error.retry_after).toBeLessThanOrEqual(3);
    expect(rejected.headers.get('x-ratelimit-remaining')).toBe('0');
    expect(rejected.headers.get('x-ratelimit-warning')).toContain('0 of 20 requests');
  });

  it('is retried by the official SDK', async () => {
    const { apiKey } = test.description;
    const client = new OpenAI({ apiKey, baseURL: through(0, 'free').endpointUrl, maxRetries: 3 });
    const before = await through(0, 'free').post(BODY);
    expect([200, 429]).toContain(before.status);
    const response = await client.chat.completions.create({
      model: 'scripted',
      max_tokens: 1,
      messages: [{ role: 'user', content: 'Hello' }],
    });
    expect(response.object).toBe('chat.completion');
  });

  it('is not in the headers of an unlimited tier', async () => {
    const { headers } = await test.api.chat(BODY);
    expect([...headers].filter(([name]) => name.startsWith('x-ratelimit'))).toEqual([]);
  });
});

describe('limit of tokens', () => {
  it('reserves the maximum of a running request, and releases what it did not use', async () => {
    const api = through(0, 'cpu-standard');
    const open = await api.stream(scripted({ tokens: 1_000, delayMs: 20 }, { max_tokens: 49_000 }));
    await open.textChunks(1);
    // More than is replenished in half a minute, however slow this machine is.
    const body = scripted({ tokens: 1 }, { max_tokens: 30_000 });
    const rejected = (await through(1, 'cpu-standard').post(body)) as ApiResponse<ErrorBody>;
    expect([rejected.status, rejected.body.error.message]).toEqual([
      429,
      'Rate limit reached: the tier cpu_standard allows 50000 tokens per minute, prompts and completions together.',
    ]);
    open.abort();
    await eventually('the hold is released', async () => {
      const response = await through(1, 'cpu-standard').post(body);
      return response.status === 200;
    });
  });

  it('charges the actual usage, prompt and completion', async () => {
    const api = through(0, 'cpu-amd-optimized');
    const body = scripted({ tokens: 500, promptTokens: 7_000 });
    const responses = await Promise.all(Array.from({ length: 4 }, () => api.chat(body)));
    expect(responses.map(({ body }) => body.usage.total_tokens)).toEqual([7_500, 7_500, 7_500, 7_500]);
    const remaining = await eventually('the usage is charged', async () => {
      const { headers } = await api.chat(BODY);
      const left = Number(headers.get('x-ratelimit-remaining-tokens'));
      return left < 75_000 && left;
    });
    expect(remaining).toBeGreaterThanOrEqual(69_900);
  });
});

describe('without Redis', () => {
  it('keeps serving, each gateway within its share of the limit', async () => {
    await allGatewaysRegistered();
    await test.platform.servers.started.redis?.kill('SIGKILL');
    const responses = await Promise.all(Array.from({ length: 60 }, () => through(2, 'gpu-nvidia-shared').post(BODY)));
    const admitted = responses.filter(({ status }) => status === 200).length;
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200, 429]));
    expect(admitted).toBeGreaterThanOrEqual(25);
    expect(admitted).toBeLessThan(40);
  });
});
