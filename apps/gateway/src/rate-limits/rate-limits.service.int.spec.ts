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
let buckets = 0;

afterEach(() => {
  for (const { limits, redis } of running.splice(0)) {
    limits.onModuleDestroy();
    redis.disconnect();
  }
});

/** The limits of one gateway, connected. */
async function aGateway(): Promise<{ limits: RateLimitsService; log: ReturnType<typeof capturedLog> }> {
  const log = capturedLog();
  const redis = connectRedis({ url: servers.redis.url, name: 'test', log: log.log, commandTimeoutMs: 3_000 });
  const limits = new RateLimitsService(redis, log.log);
  running.push({ limits, redis });
  await once(redis, 'ready');
  return { limits, log };
}

function aBucket(requestsPerMinute: number | null, tokensPerMinute: number | null = null): Bucket {
  return { keyId: `key_${++buckets}`, tier: 'free', limits: { requestsPerMinute, tokensPerMinute } };
}

let holds = 0;
const admit = async (limits: RateLimitsService, bucket: Bucket, tokens = 1): Promise<Admission> =>
  limits.admit(bucket, { id: `req_${++holds}`, tokens });

async function admitted(limits: RateLimitsService, bucket: Bucket, times: number): Promise<number> {
  const responses = await Promise.all(Array.from({ length: times }, () => admit(limits, bucket)));
  return responses.filter(({ rejection }) => rejection === undefined).length;
}

describe('RateLimitsService', () => {
  it('asks nobody where nothing is limited', async () => {
    const { limits } = await aGateway();
    expect(limits.admit(aBucket(null, null), { id: 'req_1', tokens: 5 })).toMatchObject({ headers: {} });
  });

  it('shares one allowance among all gateways', async () => {
    const gateways = await Promise.all(Array.from({ length: 4 }, aGateway));
    const bucket = aBucket(1);
    const counts = await Promise.all(gateways.map(({ limits }) => admitted(limits, bucket, 10)));
    expect(counts.reduce((sum, count) => sum + count)).toBe(1);
  });

  it('refuses with the code, the time to wait and the headers', async () => {
    const { limits } = await aGateway();
    const bucket = aBucket(1);
    await admit(limits, bucket);
    const { rejection, headers } = await admit(limits, bucket);
    expect(rejection).toMatchObject({ code: 'limits.requests_exceeded', status: 429 });
    expect(rejection?.retryAfterSeconds).toBeGreaterThan(0);
    expect(rejection?.retryAfterSeconds).toBeLessThanOrEqual(60);
    expect(headers).toMatchObject({ 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0' });
  });

  it('gives back what a request held and did not use, once', async () => {
    const { limits } = await aGateway();
    const bucket = aBucket(null, 1_000_000);
    const { settle } = await admit(limits, bucket, 900_000);
    expect((await admit(limits, bucket, 500_000)).rejection?.code).toBe('limits.tokens_exceeded');
    settle(100_000);
    settle(100_000);
    const after = await admit(limits, bucket, 500_000);
    expect(after.rejection).toBeUndefined();
    expect(Number(after.headers['x-ratelimit-remaining-tokens'])).toBeGreaterThanOrEqual(400_000);
  });
});

describe('RateLimitsService without Redis', () => {
  it('keeps its share by itself, says so once, and asks Redis again when it is back', async () => {
    const gateways = await Promise.all(Array.from({ length: 4 }, aGateway));
    const { limits, log } = gateways[0] as (typeof gateways)[0];
    const told = (): number => log.lines().filter(({ msg }) => String(msg).includes('by itself for a minute')).length;
    // Each gateway learns of the others when it tells Redis of itself, which it does as it connects.
    const counted = await aGateway();
    const count = await eventually('the last one is counted', async () => {
      const known = (await running.at(-1)?.redis.zcard('gateways')) ?? 0;
      return known >= running.length ? known : undefined;
    });
    await servers.redis.kill('SIGKILL');
    const bucket = aBucket(100);
    await eventually('the connection is known to be lost', async () => {
      await admitted(counted.limits, aBucket(1_000), 1);
      return counted.log.text().includes('by itself for a minute');
    });
    const alone = await admitted(counted.limits, bucket, 100);
    expect(alone).toBeGreaterThanOrEqual(Math.ceil(100 / count));
    expect(alone).toBeLessThan(Math.ceil(100 / count) + 5);
    await admitted(limits, bucket, 30);
    await admitted(limits, bucket, 30);
    expect(told()).toBe(1);

    await servers.redis.restart();
    await eventually('the connection is back', () => log.text().includes('redis reconnected'));
    expect(await admitted(limits, aBucket(10), 30)).toBe(10);
  });
});
