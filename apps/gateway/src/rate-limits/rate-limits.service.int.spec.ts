import { capturedLog } from '@xerotier/log/testing';
import { connectRedis } from '@xerotier/redis';
import type { RedisClient } from '@xerotier/redis';
import { eventually, testServers } from '@xerotier/testing';
import { once } from 'node:events';
import type { Bucket } from './limiter.ts';
import { RateLimitsService } from './rate-limits.service.ts';
import type { Admission } from './rate-limits.service.ts';

const servers = testServers('redis');
const running: { limits: RateLimitsService; redis: RedisClient }[] = [];
/** Log message of the fallback. */
const FALLBACK = 'Redis unavailable, falling back to local rate limits';
let buckets = 0;

afterEach(() => {
  for (const { limits, redis } of running.splice(0)) {
    limits.onModuleDestroy();
    redis.disconnect();
  }
});

/** The rate limits of one gateway, connected to Redis. */
async function aGateway(): Promise<{ limits: RateLimitsService; log: ReturnType<typeof capturedLog> }> {
  const log = capturedLog();
  const redis = connectRedis({ url: servers.redis.url, name: 'test', log: log.log, commandTimeoutMs: 3_000 });
  const limits = new RateLimitsService(redis, log.log);
  running.push({ limits, redis });
  await once(redis, 'ready');
  return { limits, log };
}

function aBucket(
  requestsPerMinute: number | null,
  tokensPerMinute: number | null = null,
  burstRequests: number | null = null,
): Bucket {
  const limits = { requestsPerMinute, tokensPerMinute, concurrencyMax: null, burstRequests };
  return { projectId: 'proj_1', keyId: `key_${++buckets}`, tier: 'free', limits };
}

let holds = 0;
const admit = async (limits: RateLimitsService, bucket: Bucket, tokens = 1): Promise<Admission> =>
  limits.admit(bucket, { id: `req_${++holds}`, tokens, costMicros: tokens });

async function admitted(limits: RateLimitsService, bucket: Bucket, times: number): Promise<number> {
  const responses = await Promise.all(Array.from({ length: times }, () => admit(limits, bucket)));
  return responses.filter(({ rejection }) => rejection === undefined).length;
}

describe('RateLimitsService', () => {
  it('admits synchronously without limits', async () => {
    const { limits } = await aGateway();
    expect(limits.admit(aBucket(null, null), { id: 'req_1', tokens: 5, costMicros: 0 })).toMatchObject({ headers: {} });
  });

  it('shares one allowance between all gateways', async () => {
    const gateways = await Promise.all(Array.from({ length: 4 }, aGateway));
    const bucket = aBucket(1);
    const counts = await Promise.all(gateways.map(({ limits }) => admitted(limits, bucket, 10)));
    expect(counts.reduce((sum, count) => sum + count)).toBe(1);
  });

  it('rejects with the code, the time to wait and the headers', async () => {
    const { limits } = await aGateway();
    const bucket = aBucket(1);
    await admit(limits, bucket);
    const { rejection, headers } = await admit(limits, bucket);
    expect(rejection).toMatchObject({ code: 'limits.requests_exceeded', status: 429 });
    expect(rejection?.retryAfterSeconds).toBeGreaterThan(0);
    expect(rejection?.retryAfterSeconds).toBeLessThanOrEqual(60);
    expect(headers).toMatchObject({ 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0' });
  });

  it('rejects beyond a quota or a spend cap, as something that no early retry changes', async () => {
    const { limits } = await aGateway();
    const quota = { requests: 1, windowSeconds: 3_600 };
    const ofKey = { ...aBucket(null), quota };
    await admit(limits, ofKey);
    const { rejection } = await admit(limits, ofKey);
    expect(rejection).toMatchObject({ code: 'limits.key_quota_exceeded', status: 429, retryable: false });
    expect(rejection?.retryAfterSeconds).toBeGreaterThan(3_500);
    const endsAt = Date.now() + 86_400_000;
    const key = { ...aBucket(null), spend: { endsAt, key: { capMicros: 5, spentMicros: 4 } } };
    expect((await admit(limits, key, 2)).rejection?.code).toBe('limits.key_spend_exceeded');
    const project = { ...aBucket(null), spend: { endsAt, project: { capMicros: 5, spentMicros: 5 } } };
    expect((await admit(limits, project)).rejection?.code).toBe('limits.project_spend_exceeded');
  });

  it('returns unused tokens of a hold, once', async () => {
    const { limits } = await aGateway();
    const bucket = aBucket(null, 1_000_000);
    const { settle } = await admit(limits, bucket, 900_000);
    expect((await admit(limits, bucket, 500_000)).rejection?.code).toBe('limits.tokens_exceeded');
    settle({ tokens: 100_000, costMicros: 0 });
    settle({ tokens: 100_000, costMicros: 0 });
    const after = await admit(limits, bucket, 500_000);
    expect(after.rejection).toBeUndefined();
    expect(Number(after.headers['x-ratelimit-remaining-tokens'])).toBeGreaterThanOrEqual(400_000);
  });
});

describe('RateLimitsService while Redis is unavailable', () => {
  it('enforces its share locally, logs it once, and uses Redis again after a reconnect', async () => {
    const gateways = await Promise.all(Array.from({ length: 4 }, aGateway));
    const { limits, log } = gateways[0] as (typeof gateways)[0];
    const fallbacks = (): number => log.lines().filter(({ msg }) => msg === FALLBACK).length;
    // Gateways are counted when they connect.
    const counted = await aGateway();
    const count = await eventually('the last one is counted', async () => {
      const known = (await running.at(-1)?.redis.zcard('gateways')) ?? 0;
      return known >= running.length ? known : undefined;
    });
    await servers.redis.kill('SIGKILL');
    const bucket = aBucket(100);
    await eventually('the lost connection is detected', async () => {
      await admitted(counted.limits, aBucket(1_000), 1);
      return counted.log.text().includes(FALLBACK);
    });
    const local = await admitted(counted.limits, bucket, 100);
    expect(local).toBeGreaterThanOrEqual(Math.ceil(100 / count));
    expect(local).toBeLessThan(Math.ceil(100 / count) + 5);
    // Its share of the burst besides.
    expect(await admitted(counted.limits, aBucket(count, null, 10 * count), 30)).toBe(11);
    await admitted(limits, bucket, 30);
    await admitted(limits, bucket, 30);
    expect(fallbacks()).toBe(1);
    const capped = { ...bucket, quota: { requests: 100, windowSeconds: 60 } };
    expect((await admit(limits, capped)).rejection).toMatchObject({ code: 'limits.unavailable', status: 503 });

    await servers.redis.restart();
    await eventually('the connection is back', () => log.text().includes('redis reconnected'));
    expect(await admitted(limits, aBucket(10), 30)).toBe(10);
    expect((await admit(limits, { ...capped, keyId: 'key_new' })).rejection).toBeUndefined();
  });
});
