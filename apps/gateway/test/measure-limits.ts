/**
 * Measures admissions and settlements at 1,000 requests per second, on an empty Redis (OVL-3 of docs/reliability.md):
 *
 *     node apps/gateway/test/measure-limits.ts redis://127.0.0.1:6379
 */
import { silentLog } from '@xerotier/log/testing';
import { connectRedis } from '@xerotier/redis';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bucket } from '../src/rate-limits/limiter.ts';
import { RedisLimiter } from '../src/rate-limits/redis-limiter.ts';

const RATE = 1_000;
const SECONDS = 10;

const NO_LIMITS = { requestsPerMinute: null, tokensPerMinute: null, concurrencyMax: null, burstRequests: null };
const tier = {
  requestsPerMinute: 1_000_000,
  tokensPerMinute: 1_000_000_000,
  concurrencyMax: 1_000,
  burstRequests: 500_000,
};
const cap = { capMicros: 1_000_000_000_000, spentMicros: 0 };
const spend = { endsAt: Date.now() + 86_400_000, key: cap, project: cap };
const quota = { requests: 1_000_000, windowSeconds: 3_600 };

const cases: Readonly<Record<string, Omit<Bucket, 'projectId' | 'keyId' | 'tier'>>> = {
  'requests per minute': { limits: { ...NO_LIMITS, requestsPerMinute: 1_000_000 } },
  'all limits of a tier': { limits: tier },
  'all limits of a tier, a key and a project': { limits: tier, quota, spend },
};

const url = process.argv[2] ?? 'redis://127.0.0.1:6379';
const redis = connectRedis({ url, name: 'measure', log: silentLog() });
await once(redis, 'ready');
const limiter = new RedisLimiter(redis);
for (const [name, limits] of Object.entries(cases)) {
  await run({ projectId: `proj_${randomUUID()}`, keyId: 'key_1', tier: 'free', ...limits }, 1);
  await redis.call('CONFIG', 'RESETSTAT');
  const clientMs = await run({ projectId: `proj_${randomUUID()}`, keyId: 'key_1', tier: 'free', ...limits }, SECONDS);
  const script = /cmdstat_evalsha:.*usec_per_call=([\d.]+)/.exec(await redis.info('commandstats'))?.[1];
  const percentiles = /evalsha:(p50=[^\r]*)/.exec(await redis.info('latencystats'))?.[1];
  const of = (share: number): string => (clientMs[Math.floor(clientMs.length * share)] ?? NaN).toFixed(2);
  process.stdout.write(
    `${name}: script mean ${script} us, ${percentiles} us; admission p50 ${of(0.5)} ms, p99 ${of(0.99)} ms\n`,
  );
}
redis.disconnect();

/** Each request is settled after 20 ms. @returns milliseconds of admissions, ascending. */
async function run(bucket: Bucket, seconds: number): Promise<number[]> {
  const times: number[] = [];
  const request = async (): Promise<void> => {
    const hold = { id: randomUUID(), tokens: 100, costMicros: 100 };
    const from = performance.now();
    const { rejectedBy } = await limiter.admit(bucket, hold);
    times.push(performance.now() - from);
    if (rejectedBy !== undefined) throw new Error(`rejected by ${rejectedBy}`);
    await sleep(20);
    await limiter.settle(bucket, hold, { tokens: 50, costMicros: 50 });
  };
  const from = performance.now();
  const pending: Promise<void>[] = [];
  while (pending.length < RATE * seconds) {
    const due = Math.min(RATE * seconds, Math.ceil(((performance.now() - from) / 1_000) * RATE));
    while (pending.length < due) pending.push(request());
    await sleep(1);
  }
  await Promise.all(pending);
  return times.sort((a, b) => a - b);
}
