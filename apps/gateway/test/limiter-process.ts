/**
 * A gateway's limiter as its own process, for tests that run several of them, or kill them. Its wall clock can be wrong, as that
 * of a machine.
 *
 *     node limiter-process.ts load|settle <JSON of LimiterTask>
 *
 * `load` prints what was admitted; `settle` writes each settlement to a file, before and after it, until it is killed or done.
 */
import { silentLog } from '@xerotier/log/testing';
import { connectRedis } from '@xerotier/redis';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bucket, Hold } from '../src/rate-limits/limiter.ts';
import { RedisLimiter } from '../src/rate-limits/redis-limiter.ts';

export interface LimiterTask {
  readonly redisUrl: string;
  readonly bucket: Bucket;
  /** How wrong the wall clock is. */
  readonly skewMs: number;
  /** Requests per second of `load`, and for how long. */
  readonly rate: number;
  readonly seconds: number;
  /** Number of requests of `settle`, and the file that it writes to. */
  readonly requests: number;
  readonly file: string;
}

/** Times of a clock that all processes of the machine share. */
export interface LoadResult {
  readonly offered: number;
  readonly admitted: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Of admissions, ascending. */
  readonly latenciesMs: readonly number[];
}

const CONCURRENT = 20;
const COST_MAX = 100;

const [mode, text] = process.argv.slice(2);
const task = JSON.parse(text ?? '') as LimiterTask;
const systemTime = Date.now.bind(Date);
Date.now = () => systemTime() + task.skewMs;
const redis = connectRedis({ url: task.redisUrl, name: 'limiter', log: silentLog(), commandTimeoutMs: 30_000 });
await once(redis, 'ready');
const limiter = new RedisLimiter(redis);
await (mode === 'load' ? load() : settle());
redis.disconnect();

function sharedMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** Sends at the rate, whether or not there were responses. */
async function load(): Promise<void> {
  const { bucket, rate, seconds } = task;
  const offered = rate * seconds;
  const latenciesMs: number[] = [];
  const pending: Promise<boolean>[] = [];
  const firstMs = sharedMs();
  let lastMs = firstMs;
  const admit = async (): Promise<boolean> => {
    const from = performance.now();
    const { rejectedBy } = await limiter.admit(bucket, aHold(1));
    latenciesMs.push(performance.now() - from);
    lastMs = sharedMs();
    return rejectedBy === undefined;
  };
  while (pending.length < offered) {
    const due = Math.min(offered, Math.ceil(((sharedMs() - firstMs) / 1_000) * rate));
    while (pending.length < due) pending.push(admit());
    await sleep(2);
  }
  const admitted = (await Promise.all(pending)).filter(Boolean).length;
  latenciesMs.sort((a, b) => a - b);
  const result: LoadResult = { offered, admitted, firstMs, lastMs, latenciesMs };
  process.stdout.write(JSON.stringify(result));
}

/** Of ten requests, one is never settled, two are settled twice at once, and one is renewed before. */
async function settle(): Promise<void> {
  const file = openSync(task.file, 'a');
  let begun = 0;
  const run = async (): Promise<void> => {
    while (begun < task.requests) {
      const kind = begun % 10;
      begun += 1;
      const hold = aHold(1 + Math.floor(Math.random() * COST_MAX));
      const { rejectedBy } = await limiter.admit(task.bucket, hold);
      if (rejectedBy !== undefined || kind === 0) continue;
      if (kind === 1) await limiter.renew(task.bucket, hold);
      const costMicros = Math.floor(Math.random() * COST_MAX);
      // As in one write, so that a line is whole or absent.
      writeSync(file, `begin ${hold.id} ${hold.costMicros} ${costMicros}\n`);
      const charge = { tokens: costMicros, costMicros };
      const times = kind === 2 || kind === 3 ? 2 : 1;
      await Promise.all(Array.from({ length: times }, () => limiter.settle(task.bucket, hold, charge)));
      writeSync(file, `end ${hold.id}\n`);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, run));
}

function aHold(costMicros: number): Hold {
  return { id: randomUUID(), tokens: costMicros, costMicros };
}
