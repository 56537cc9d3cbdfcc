/** Conformance of all limiters, on Redis and in memory, and equivalence of the two. The tests control the clock. */
import { testServers } from '@xerotier/testing';
import { connectRedis } from '@xerotier/redis';
import type { RedisClient } from '@xerotier/redis';
import { silentLog } from '@xerotier/log/testing';
import fc from 'fast-check';
import { once } from 'node:events';
import { LocalLimiter } from './local-limiter.ts';
import { HOLD_MS, LATE_MS } from './limiter.ts';
import type { Bucket, Charge, Hold, Limiter } from './limiter.ts';
import { RedisLimiter } from './redis-limiter.ts';

const servers = testServers('redis');
const START_US = 1_764_000_000_000_000;
let redis: RedisClient;
let nowUs = START_US;
let buckets = 0;

beforeAll(async () => {
  redis = connectRedis({ url: servers.redis.url, name: 'test', log: silentLog(), commandTimeoutMs: 3_000 });
  await once(redis, 'ready');
});
afterAll(() => redis.disconnect());
beforeEach(() => (nowUs = START_US));

const limiters: Record<string, () => Limiter> = {
  RedisLimiter: () => new RedisLimiter(redis, () => nowUs),
  LocalLimiter: () => new LocalLimiter(() => nowUs),
};

/** A full bucket. */
function aBucket(
  requestsPerMinute: number | null,
  tokensPerMinute: number | null,
  concurrencyMax: number | null = null,
  burstRequests: number | null = null,
): Bucket {
  const limits = { requestsPerMinute, tokensPerMinute, concurrencyMax, burstRequests };
  return { projectId: 'proj_1', keyId: `key_${++buckets}`, tier: 'free', limits };
}

let holds = 0;
const aHold = (tokens = 1): Hold => ({ id: `req_${++holds}`, tokens, costMicros: 0 });
const used = (tokens: number): Charge => ({ tokens, costMicros: 0 });
const pass = (ms: number): void => void (nowUs += ms * 1_000);

describe.each(Object.keys(limiters))('%s', (name) => {
  let limiter: Limiter;
  beforeEach(() => (limiter = (limiters[name] as () => Limiter)()));

  const admitted = async (bucket: Bucket, times: number, tokens = 1): Promise<number> => {
    let count = 0;
    for (let i = 0; i < times; i += 1)
      if ((await limiter.admit(bucket, aHold(tokens))).rejectedBy === undefined) count += 1;
    return count;
  };

  it('admits a burst of one minute of requests', async () => {
    const bucket = aBucket(60, null);
    expect(await admitted(bucket, 70)).toBe(60);
  });

  it('admits the burst requests of the tier besides', async () => {
    expect(await admitted(aBucket(60, null, null, 30), 100)).toBe(90);
    expect(await admitted(aBucket(60, null, null, 0), 100)).toBe(60);
    expect(await admitted(aBucket(1, null, null, 3), 100)).toBe(4);
  });

  it('replenishes requests at the rate of the limit, also while the burst is used', async () => {
    const bucket = aBucket(60, null, null, 30);
    await admitted(bucket, 90);
    pass(10_000);
    expect(await admitted(bucket, 20)).toBe(10);
    pass(90_000);
    expect(await admitted(bucket, 100)).toBe(90);
  });

  it('returns what remains of the requests per minute, which is 0 for those of the burst', async () => {
    const bucket = aBucket(60, null, null, 30);
    await admitted(bucket, 59);
    const last = { rejectedBy: undefined, requests: { limit: 60, remaining: 0, resetMs: 60_000 } };
    expect(await limiter.admit(bucket, aHold())).toMatchObject(last);
    const ofBurst = { rejectedBy: undefined, requests: { limit: 60, remaining: 0, resetMs: 61_000 } };
    expect(await limiter.admit(bucket, aHold())).toMatchObject(ofBurst);
    await admitted(bucket, 29);
    expect(await limiter.admit(bucket, aHold())).toMatchObject({ rejectedBy: 'requests', retryAfterMs: 1_000 });
    pass(31_000);
    expect(await limiter.admit(bucket, aHold())).toMatchObject({ requests: { remaining: 0, resetMs: 60_000 } });
    pass(2_000);
    expect(await limiter.admit(bucket, aHold())).toMatchObject({ requests: { remaining: 1, resetMs: 59_000 } });
  });

  it('has no limit of requests because of a burst alone', async () => {
    expect(await limiter.admit(aBucket(null, 1_000, null, 5), aHold())).toMatchObject({ requests: null });
  });

  it('replenishes requests at the rate of the limit', async () => {
    const bucket = aBucket(60, null);
    await admitted(bucket, 60);
    pass(10_000);
    expect(await admitted(bucket, 20)).toBe(10);
  });

  it('returns the exact time to wait', async () => {
    const bucket = aBucket(20, null);
    await admitted(bucket, 20);
    const { rejectedBy, retryAfterMs } = await limiter.admit(bucket, aHold());
    expect([rejectedBy, retryAfterMs]).toEqual(['requests', 3_000]);
    pass(retryAfterMs - 1);
    expect(await admitted(bucket, 1)).toBe(0);
    pass(1);
    expect(await admitted(bucket, 1)).toBe(1);
  });

  it('holds the maximum tokens of a request, and returns unused ones', async () => {
    const bucket = aBucket(null, 1_000);
    const hold = aHold(900);
    await limiter.admit(bucket, hold);
    const rejected = await limiter.admit(bucket, aHold(200));
    expect(rejected).toMatchObject({ rejectedBy: 'tokens', tokens: { limit: 1_000, remaining: 100 } });
    await limiter.settle(bucket, hold, used(50));
    expect(await limiter.admit(bucket, aHold(200))).toMatchObject({
      rejectedBy: undefined,
      tokens: { remaining: 750 },
    });
  });

  it('charges usage beyond the hold, for which the next request waits', async () => {
    const bucket = aBucket(null, 1_000);
    const hold = aHold(10);
    await limiter.admit(bucket, hold);
    await limiter.settle(bucket, hold, used(2_000));
    const rejected = await limiter.admit(bucket, aHold(1));
    expect(rejected).toMatchObject({ rejectedBy: 'tokens', tokens: { remaining: 0 } });
    expect(rejected.retryAfterMs).toBe(60_060);
  });

  it('charges the usage of an expired hold', async () => {
    const bucket = aBucket(null, 1_000);
    const hold = aHold(500);
    await limiter.admit(bucket, hold);
    pass(HOLD_MS + 1);
    expect(await limiter.admit(bucket, aHold(1_000))).toMatchObject({ rejectedBy: undefined });
    await limiter.settle(bucket, hold, used(100));
    expect((await limiter.admit(bucket, aHold(1))).rejectedBy).toBe('tokens');
  });

  it('charges a hold once', async () => {
    const bucket = aBucket(null, 1_000);
    const hold = aHold(500);
    await limiter.admit(bucket, hold);
    for (let i = 0; i < 3; i += 1) await limiter.settle(bucket, hold, used(400));
    expect(await limiter.admit(bucket, aHold(600))).toMatchObject({ rejectedBy: undefined, tokens: { remaining: 0 } });
  });

  it('charges an expired hold once, and none that expired long ago or never was', async () => {
    const bucket = aBucket(null, 1_000);
    const [late, lost] = [aHold(400), aHold(400)];
    await limiter.admit(bucket, late);
    await limiter.admit(bucket, lost);
    pass(HOLD_MS + 1);
    for (let i = 0; i < 2; i += 1) await limiter.settle(bucket, late, used(300));
    expect((await limiter.admit(bucket, aHold(1))).tokens?.remaining).toBe(699);
    pass(LATE_MS);
    await limiter.settle(bucket, lost, used(1_000));
    await limiter.settle(bucket, aHold(5), used(1_000));
    expect((await limiter.admit(bucket, aHold(1_000))).rejectedBy).toBeUndefined();
  });

  it('limits running requests', async () => {
    const bucket = aBucket(null, null, 2);
    const hold = aHold();
    await limiter.admit(bucket, hold);
    expect(await admitted(bucket, 5)).toBe(1);
    expect(await limiter.admit(bucket, aHold())).toMatchObject({ rejectedBy: 'concurrency', retryAfterMs: 1_000 });
    await limiter.settle(bucket, hold, used(5));
    await limiter.settle(bucket, hold, used(5));
    expect(await admitted(bucket, 5)).toBe(1);
  });

  it('takes no request beyond the running ones', async () => {
    const bucket = aBucket(60, 1_000, 1);
    await limiter.admit(bucket, aHold(100));
    expect(await limiter.admit(bucket, aHold(100))).toMatchObject({
      ...{ rejectedBy: 'concurrency', requests: { remaining: 59 }, tokens: { remaining: 900 } },
    });
  });

  it('counts the requests of a lost gateway as running until their holds expire', async () => {
    const bucket = aBucket(null, null, 1);
    await limiter.admit(bucket, aHold());
    pass(HOLD_MS - 1);
    expect(await admitted(bucket, 1)).toBe(0);
    pass(1);
    expect(await admitted(bucket, 2)).toBe(1);
  });

  it('counts a running request for as long as its hold is renewed', async () => {
    const bucket = aBucket(null, null, 1);
    const hold = aHold();
    await limiter.admit(bucket, hold);
    for (let i = 0; i < 60; i += 1) {
      pass(HOLD_MS / 3);
      await limiter.renew(bucket, hold);
    }
    expect(await admitted(bucket, 1)).toBe(0);
  });

  it('expires a hold unless it is renewed', async () => {
    const bucket = aBucket(null, 1_000);
    const hold = aHold(1_000);
    await limiter.admit(bucket, hold);
    pass(HOLD_MS - 1);
    await limiter.renew(bucket, hold);
    pass(HOLD_MS - 1);
    expect((await limiter.admit(bucket, aHold(1))).rejectedBy).toBe('tokens');
    pass(1);
    expect((await limiter.admit(bucket, aHold(1))).rejectedBy).toBeUndefined();
  });

  it('takes requests and tokens atomically', async () => {
    const bucket = aBucket(2, 1_000);
    expect((await limiter.admit(bucket, aHold(1_000))).rejectedBy).toBeUndefined();
    expect((await limiter.admit(bucket, aHold(1_000))).rejectedBy).toBe('tokens');
    expect(await limiter.admit(bucket, aHold(1_000))).toMatchObject({ requests: { remaining: 1 } });
  });

  it('admits a request larger than the allowance only if the bucket is full', async () => {
    const bucket = aBucket(null, 1_000);
    const large = aHold(50_000);
    expect((await limiter.admit(bucket, large)).rejectedBy).toBeUndefined();
    await limiter.settle(bucket, large, used(100));
    expect((await limiter.admit(bucket, aHold(50_000))).rejectedBy).toBe('tokens');
  });

  it('separates keys, and the tiers of one key', async () => {
    const bucket = aBucket(1, null);
    await admitted(bucket, 1);
    expect(await admitted({ ...bucket, keyId: `${bucket.keyId}x` }, 2)).toBe(1);
    expect(await admitted({ ...bucket, tier: 'cpu_standard' }, 2)).toBe(1);
    expect(await admitted(bucket, 1)).toBe(0);
  });

  it('returns what remains, and the time until the allowance is full', async () => {
    const bucket = aBucket(60, 6_000);
    await limiter.admit(bucket, aHold(600));
    const { requests, tokens } = await limiter.admit(bucket, aHold(600));
    expect(requests).toEqual({ limit: 60, remaining: 58, resetMs: 2_000 });
    expect(tokens).toEqual({ limit: 6_000, remaining: 4_800, resetMs: 12_000 });
  });

  it('returns null for an unlimited allowance', async () => {
    expect(await limiter.admit(aBucket(60, null), aHold())).toMatchObject({ tokens: null });
    expect(await limiter.admit(aBucket(null, 60), aHold())).toMatchObject({ requests: null });
  });
});

describe('RedisLimiter and LocalLimiter', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('admit' as const), tokens: fc.integer({ min: 1, max: 3_000 }) }),
    fc.record({
      do: fc.constant('settle' as const),
      which: fc.nat({ max: 9 }),
      used: fc.integer({ min: 0, max: 3_000 }),
    }),
    fc.record({ do: fc.constant('renew' as const), which: fc.nat({ max: 9 }) }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 40_000 }) }),
  );

  it('return the same for any sequence of calls', async () => {
    await fc.assert(
      // Divisors of a minute in microseconds, since only one of the limiters rounds its times.
      fc.asyncProperty(
        fc.constantFrom(null, 1, 5, 20, 60),
        fc.constantFrom(null, 1_000, 2_500),
        fc.constantFrom(null, 1, 3),
        fc.constantFrom(null, 0, 1, 3),
        fc.array(step, { maxLength: 25 }),
        async (requests, tokens, concurrency, burst, steps) => {
          nowUs = START_US;
          const bucket = aBucket(requests, tokens, concurrency, burst);
          const pair = Object.values(limiters).map((make) => make());
          const open: Hold[] = [];
          for (const move of steps) {
            if (move.do === 'pass') pass(move.ms);
            else if (move.do === 'admit') {
              const hold = aHold(move.tokens);
              const [one, other] = await Promise.all(pair.map((limiter) => limiter.admit(bucket, hold)));
              expect(other).toEqual(one);
              if (one?.rejectedBy === undefined) open.push(hold);
            } else {
              const hold = open[move.which];
              if (hold === undefined) continue;
              if (move.do === 'renew') await Promise.all(pair.map((limiter) => limiter.renew(bucket, hold)));
              else {
                await Promise.all(pair.map((limiter) => limiter.settle(bucket, hold, used(move.used))));
              }
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('never admit more requests than the burst and the replenishment', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 50, maxLength: 150 }),
        fc.constantFrom(null, 3, 10),
        async (gaps, burst) => {
          nowUs = START_US;
          const limiter = new LocalLimiter(() => nowUs);
          const bucket = aBucket(20, null, null, burst);
          const allowance = 20 + (burst ?? 0);
          const times: number[] = [];
          for (const gap of gaps) {
            pass(gap);
            if ((await limiter.admit(bucket, aHold())).rejectedBy === undefined) times.push(nowUs);
          }
          for (const [i, from] of times.entries()) {
            for (const [j, to] of times.entries()) {
              if (j < i) continue;
              expect(j - i + 1).toBeLessThanOrEqual(allowance + ((to - from) / 60_000_000) * 20 + 1e-6);
            }
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
