/** Quotas and spend caps in Redis. The tests control the clock. */
import { connectRedis } from '@xerotier/redis';
import type { RedisClient } from '@xerotier/redis';
import { silentLog } from '@xerotier/log/testing';
import { testServers } from '@xerotier/testing';
import fc from 'fast-check';
import { once } from 'node:events';
import { BudgetModel } from '../../test/budget-model.ts';
import { HOLD_MS } from './limiter.ts';
import type { Bucket, Hold } from './limiter.ts';
import { RedisLimiter } from './redis-limiter.ts';

const servers = testServers('redis');
/** The beginning of a month of the model. */
const START_US = 244_000 * BudgetModel.monthUs;
const MONTH_ENDS_AT = (START_US + BudgetModel.monthUs) / 1_000;
let redis: RedisClient;
let limiter: RedisLimiter;
let nowUs = START_US;
let projects = 0;
let holds = 0;

beforeAll(async () => {
  redis = connectRedis({ url: servers.redis.url, name: 'test', log: silentLog(), commandTimeoutMs: 3_000 });
  await once(redis, 'ready');
  limiter = new RedisLimiter(redis, () => nowUs);
});
afterAll(() => redis.disconnect());
beforeEach(() => (nowUs = START_US));

const aHold = (costMicros = 0): Hold => ({ id: `req_${++holds}`, tokens: 1, costMicros });
const pass = (ms: number): void => void (nowUs += ms * 1_000);

function aBucket(overrides: Partial<Bucket> = {}): Bucket {
  const limits = { requestsPerMinute: null, tokensPerMinute: null, concurrencyMax: null, burstRequests: null };
  return { projectId: `proj_${++projects}`, keyId: 'key_1', tier: 'free', limits, ...overrides };
}

function capped(capMicros: number, spentMicros = 0, endsAt = MONTH_ENDS_AT): Bucket {
  return aBucket({ spend: { endsAt, project: { capMicros, spentMicros } } });
}

describe('the quota of a key', () => {
  const quota = { requests: 2, windowSeconds: 3_600 };

  it('is a window that starts with its first request', async () => {
    const bucket = aBucket({ quota });
    await limiter.admit(bucket, aHold());
    pass(1_800_000);
    await limiter.admit(bucket, aHold());
    expect(await limiter.admit(bucket, aHold())).toMatchObject({ rejectedBy: 'key_quota', retryAfterMs: 1_800_000 });
    pass(1_800_000);
    expect((await limiter.admit(bucket, aHold())).rejectedBy).toBeUndefined();
  });

  it('is for all tiers of the key, and for no other key', async () => {
    const bucket = aBucket({ quota });
    await limiter.admit(bucket, aHold());
    await limiter.admit({ ...bucket, tier: 'cpu_standard' }, aHold());
    expect((await limiter.admit(bucket, aHold())).rejectedBy).toBe('key_quota');
    expect((await limiter.admit({ ...bucket, keyId: 'key_2' }, aHold())).rejectedBy).toBeUndefined();
  });

  it('is not taken by a request that another limit rejects', async () => {
    const limits = { requestsPerMinute: 1, tokensPerMinute: null, concurrencyMax: null, burstRequests: null };
    const bucket = aBucket({ quota, limits });
    await limiter.admit(bucket, aHold());
    expect((await limiter.admit(bucket, aHold())).rejectedBy).toBe('requests');
    pass(60_000);
    expect((await limiter.admit(bucket, aHold())).rejectedBy).toBeUndefined();
  });

  it('that is made shorter ends earlier', async () => {
    const bucket = aBucket({ quota: { requests: 1, windowSeconds: 86_400 } });
    await limiter.admit(bucket, aHold());
    const shorter = { ...bucket, quota: { requests: 1, windowSeconds: 60 } };
    expect((await limiter.admit(shorter, aHold())).retryAfterMs).toBe(60_000);
  });
});

describe('a spend cap', () => {
  it('holds the most that a request can cost, and charges what it did', async () => {
    const bucket = capped(100);
    const hold = aHold(60);
    await limiter.admit(bucket, hold);
    expect((await limiter.admit(bucket, aHold(60))).rejectedBy).toBe('project_spend');
    await limiter.settle(bucket, hold, { tokens: 0, costMicros: 40 });
    await limiter.settle(bucket, hold, { tokens: 0, costMicros: 40 });
    expect((await limiter.admit(bucket, aHold(61))).rejectedBy).toBe('project_spend');
    expect((await limiter.admit(bucket, aHold(60))).rejectedBy).toBeUndefined();
  });

  it('rejects a request that can cost more than the whole cap, whatever is spent', async () => {
    expect((await limiter.admit(capped(500), aHold(501))).rejectedBy).toBe('project_spend');
    expect((await limiter.admit(capped(500), aHold(500))).rejectedBy).toBeUndefined();
  });

  it('that is spent rejects until the month ends', async () => {
    const bucket = capped(20);
    const hold = aHold(20);
    await limiter.admit(bucket, hold);
    await limiter.settle(bucket, hold, { tokens: 0, costMicros: 20 });
    const { rejectedBy, retryAfterMs } = await limiter.admit(bucket, aHold(1));
    expect([rejectedBy, retryAfterMs]).toEqual(['project_spend', MONTH_ENDS_AT - nowUs / 1_000]);
  });

  it('of 0 admits nothing that costs', async () => {
    expect((await limiter.admit(capped(0), aHold(1))).rejectedBy).toBe('project_spend');
  });

  it('counts what the ledger knows, if that is more', async () => {
    const bucket = capped(100, 70);
    expect((await limiter.admit(bucket, aHold(31))).rejectedBy).toBe('project_spend');
    const hold = aHold(30);
    await limiter.admit(bucket, hold);
    await limiter.settle(bucket, hold, { tokens: 0, costMicros: 5 });
    // The ledger is behind: it does not know of the last request yet.
    expect((await limiter.admit(bucket, aHold(26))).rejectedBy).toBe('project_spend');
    expect((await limiter.admit(bucket, aHold(25))).rejectedBy).toBeUndefined();
  });

  it('begins again with each month', async () => {
    const bucket = capped(100);
    const hold = aHold(30);
    await limiter.admit(bucket, hold);
    for (let i = 0; nowUs < MONTH_ENDS_AT * 1_000; i += 1) {
      await limiter.renew(bucket, hold);
      pass(HOLD_MS / 2);
    }
    // As long as a gateway has the sum of the last month, it does not count.
    const stale = { ...bucket, spend: { endsAt: MONTH_ENDS_AT, project: { capMicros: 100, spentMicros: 90 } } };
    expect((await limiter.admit(stale, aHold(50))).rejectedBy).toBeUndefined();
    // The request of the last month is not charged to this one.
    await limiter.settle(bucket, hold, { tokens: 0, costMicros: 100 });
    expect((await limiter.admit(stale, aHold(50))).rejectedBy).toBeUndefined();
  });

  it('of a key and of its project apply together', async () => {
    const spend = {
      endsAt: MONTH_ENDS_AT,
      key: { capMicros: 50, spentMicros: 0 },
      project: { capMicros: 80, spentMicros: 0 },
    };
    const bucket = aBucket({ spend });
    const other = { ...bucket, keyId: 'key_2' };
    expect((await limiter.admit(bucket, aHold(50))).rejectedBy).toBeUndefined();
    expect((await limiter.admit(bucket, aHold(1))).rejectedBy).toBe('key_spend');
    expect((await limiter.admit(other, aHold(31))).rejectedBy).toBe('project_spend');
    expect((await limiter.admit(other, aHold(30))).rejectedBy).toBeUndefined();
  });

  it('is held by a lost gateway until the hold expires, and charged from the ledger', async () => {
    const bucket = capped(100);
    await limiter.admit(bucket, aHold(80));
    pass(HOLD_MS - 1);
    expect((await limiter.admit(bucket, aHold(21))).rejectedBy).toBe('project_spend');
    pass(1);
    const reported = { ...bucket, spend: { endsAt: MONTH_ENDS_AT, project: { capMicros: 100, spentMicros: 33 } } };
    expect((await limiter.admit(reported, aHold(68))).rejectedBy).toBe('project_spend');
    expect((await limiter.admit(reported, aHold(67))).rejectedBy).toBeUndefined();
  });
});

describe('a settlement after the hold has expired', () => {
  const spentOf = ({ projectId }: Bucket): Promise<string | null> => redis.hget(`limits:{${projectId}}`, 'spent');
  const reported = (bucket: Bucket, spentMicros: number): Bucket => ({
    ...bucket,
    spend: { endsAt: MONTH_ENDS_AT, project: { capMicros: 1_000, spentMicros } },
  });

  it('is charged once if the ledger has the request already, from the report of its worker', async () => {
    const bucket = capped(1_000);
    const hold = aHold(100);
    await limiter.admit(bucket, hold);
    pass(2 * HOLD_MS);
    await limiter.admit(reported(bucket, 100), aHold(1));
    await limiter.settle(bucket, hold, { tokens: 0, costMicros: 100 });
    expect(await spentOf(bucket)).toBe('100');
    await limiter.settle(bucket, hold, { tokens: 0, costMicros: 100 });
    expect(await spentOf(bucket)).toBe('100');
  });

  it('is charged if the ledger does not have it, and what the ledger has less', async () => {
    const bucket = capped(1_000);
    const [first, second] = [aHold(100), aHold(100)];
    await limiter.admit(bucket, first);
    await limiter.admit(bucket, second);
    pass(2 * HOLD_MS);
    await limiter.settle(bucket, first, { tokens: 0, costMicros: 100 });
    expect(await spentOf(bucket)).toBe('100');
    await limiter.admit(reported(bucket, 160), aHold(1));
    await limiter.settle(bucket, second, { tokens: 0, costMicros: 100 });
    expect(await spentOf(bucket)).toBe('200');
  });

  it('does not lower what an open hold is charged', async () => {
    const bucket = capped(1_000, 70);
    const hold = aHold(30);
    await limiter.admit(bucket, hold);
    await limiter.settle(bucket, hold, { tokens: 0, costMicros: 30 });
    expect(await spentOf(bucket)).toBe('100');
  });
});

describe('any interleaving of requests', () => {
  const which = fc.nat({ max: 12 });
  const cost = fc.integer({ min: 0, max: 60 });
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('admit' as const), key: fc.nat({ max: 1 }), cost }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const), which, cost }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('renew' as const), which }) },
    // A crash is a request that nobody renews or settles any more; the ledger learns of its cost.
    { weight: 1, arbitrary: fc.record({ do: fc.constant('report' as const), cost }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat({ max: 30_000 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat({ max: 5_000_000 }) }) },
  );

  it('is decided and charged as by the model', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(null, 1, 3),
        fc.constantFrom(undefined, { requests: 3, windowSeconds: 60 }, { requests: 5, windowSeconds: 3_600 }),
        fc.constantFrom(0, 1, 40, 200),
        fc.constantFrom(1, 100, 500),
        fc.array(step, { maxLength: 40 }),
        async (concurrencyMax, quota, keyCap, projectCap, steps) => {
          // So that many requests run across the end of the month.
          nowUs = START_US + BudgetModel.monthUs - 60_000_000;
          const limits = { requestsPerMinute: null, tokensPerMinute: null, concurrencyMax, burstRequests: null };
          const base = aBucket({ limits, quota });
          const model = new BudgetModel();
          const admitted: { bucket: Bucket; hold: Hold; at: number }[] = [];
          let reported = { month: BudgetModel.monthOf(nowUs), micros: 0 };
          for (const move of steps) {
            const month = BudgetModel.monthOf(nowUs);
            if (reported.month !== month) reported = { month, micros: 0 };
            if (move.do === 'pass') pass(move.ms);
            else if (move.do === 'report') reported.micros += move.cost;
            else if (move.do === 'admit') {
              const spend = {
                endsAt: ((month + 1) * BudgetModel.monthUs) / 1_000,
                key: { capMicros: keyCap, spentMicros: 0 },
                project: { capMicros: projectCap, spentMicros: reported.micros },
              };
              const bucket = { ...base, keyId: `key_${move.key}`, spend };
              const hold = aHold(move.cost);
              const { rejectedBy } = await limiter.admit(bucket, hold);
              expect(rejectedBy).toBe(model.admit(bucket, hold, nowUs));
              if (rejectedBy === undefined) admitted.push({ bucket, hold, at: nowUs });
            } else {
              const request = admitted[move.which];
              // What was lost for so long is forgotten by the limiter.
              if (request === undefined || nowUs - request.at > 600_000_000) continue;
              if (move.do === 'renew') {
                await limiter.renew(request.bucket, request.hold);
                model.renew(request.hold, nowUs);
              } else {
                await limiter.settle(request.bucket, request.hold, { tokens: 0, costMicros: move.cost });
                model.settle(request.bucket, request.hold, move.cost, nowUs);
              }
            }
          }
          const [spent, ends] = await redis.hmget(`limits:{${base.projectId}}`, 'spent', 'month_ends');
          const isThisMonth = Number(ends) > nowUs;
          expect(isThisMonth ? Number(spent) : 0).toBe(model.spentOf(base.projectId, nowUs));
        },
      ),
      { numRuns: 150 },
    );
  });
});
