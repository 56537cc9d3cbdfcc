/**
 * Several limiters on one Redis, as processes with wrong clocks, and killed at random: OVL-1 and OVL-2 of docs/reliability.md. A
 * sample here; the whole length, with `E2E_CHAOS`, in `npm run test:chaos`.
 */
import { connectRedis } from '@xerotier/redis';
import type { RedisClient } from '@xerotier/redis';
import { silentLog } from '@xerotier/log/testing';
import { eventually, testServers } from '@xerotier/testing';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LimiterTask, LoadResult } from '../../test/limiter-process.ts';
import { HOLD_MS } from './limiter.ts';
import type { Bucket } from './limiter.ts';
import { RedisLimiter } from './redis-limiter.ts';

const PROGRAM = join(import.meta.dirname, '../../test/limiter-process.ts');
const PROCESSES = 4;
const isChaos = process.env['E2E_CHAOS'] !== undefined;

const servers = testServers('redis');
let redis: RedisClient;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'xerotier-limits-'));
  redis = connectRedis({ url: servers.redis.url, name: 'test', log: silentLog(), commandTimeoutMs: 3_000 });
  await once(redis, 'ready');
});
afterAll(async () => {
  redis.disconnect();
  await rm(folder, { recursive: true });
});

function start(mode: 'load' | 'settle', bucket: Bucket, task: Partial<LimiterTask>): ChildProcess {
  const idle = { skewMs: 0, rate: 0, seconds: 0, requests: 0, file: '' };
  const text = JSON.stringify({ redisUrl: servers.redis.url, bucket, ...idle, ...task });
  return spawn(process.execPath, [PROGRAM, mode, text], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function outputOf(child: ChildProcess): Promise<string> {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(child, 'close');
  return output;
}

describe('four limiters with clocks that differ by ten minutes', () => {
  it('admit together what the limit allows: never more, and at most 1 % less', async () => {
    // The burst is one minute, so that a sample needs a low limit to exceed it.
    const { perMinute, rate, seconds } = isChaos
      ? { perMinute: 6_000, rate: 500, seconds: 60 }
      : { perMinute: 600, rate: 400, seconds: 4 };
    const limits = { requestsPerMinute: perMinute, tokensPerMinute: null, concurrencyMax: null, burstRequests: null };
    const bucket: Bucket = { projectId: `proj_${randomUUID()}`, keyId: 'key_1', tier: 'free', limits };
    const skews = [-300_000, -1_000, 1_000, 300_000];
    const children = skews.map((skewMs) => start('load', bucket, { skewMs, rate: rate / PROCESSES, seconds }));
    const results = (await Promise.all(children.map(outputOf))).map((output) => JSON.parse(output) as LoadResult);
    const elapsedMs =
      Math.max(...results.map(({ lastMs }) => lastMs)) - Math.min(...results.map(({ firstMs }) => firstMs));
    const sum = (of: (result: LoadResult) => number): number => results.reduce((total, each) => total + of(each), 0);
    const [offered, admitted] = [sum((each) => each.offered), sum((each) => each.admitted)];
    const allowed = perMinute + (elapsedMs / 60_000) * perMinute;
    if (isChaos) process.stderr.write(`OVL-1: ${JSON.stringify({ offered, admitted, allowed, elapsedMs })}\n`);
    expect(offered).toBeGreaterThan(allowed * 1.5);
    expect(admitted).toBeLessThanOrEqual(allowed);
    expect(admitted).toBeGreaterThanOrEqual(allowed * 0.99 - 1);
  }, 200_000);
});

describe('limiters that are killed at random', () => {
  it('charge each request once or not at all, and leave no hold behind', async () => {
    const total = isChaos ? 100_000 : 2_000;
    const bucket: Bucket = {
      ...{ projectId: `proj_${randomUUID()}`, keyId: 'key_1', tier: 'free' },
      limits: {
        requestsPerMinute: null,
        tokensPerMinute: 1_000_000_000,
        concurrencyMax: 1_000_000,
        burstRequests: null,
      },
      spend: { endsAt: Date.now() + 86_400_000, project: { capMicros: 1_000_000_000_000, spentMicros: 0 } },
    };
    const files: string[] = [];
    let kills = 0;
    const begunIn = async (file: string): Promise<number> =>
      (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line.startsWith('begin')).length;
    const runUntilDone = async (share: number): Promise<void> => {
      for (let left = share; left > 0;) {
        const file = join(folder, randomUUID());
        files.push(file);
        const child = start('settle', bucket, { requests: Math.ceil(left / 0.9), file });
        const closed = once(child, 'close');
        // Once it works: under load, a start takes seconds.
        while (child.exitCode === null && (await begunIn(file)) === 0) await sleep(20);
        await Promise.race([closed, sleep(Math.random() * (isChaos ? 3_000 : 300))]);
        if (child.exitCode === null && child.kill('SIGKILL')) kills += 1;
        await closed;
        left -= await begunIn(file);
      }
    };
    await Promise.all(Array.from({ length: PROCESSES }, () => runUntilDone(total / PROCESSES)));
    // What a killed process has sent is still executed: Redis drops its connection after that.
    await eventually('Redis has executed all commands', async () => {
      const clients = (await redis.client('LIST')) as string;
      return !/ name=limiter /.test(clients);
    });

    const lines = (await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))).join('').split('\n');
    const ended = new Set(lines.filter((line) => line.startsWith('end')).map((line) => line.split(' ')[1]));
    const account = `limits:{${bucket.projectId}}`;
    let [charged, doubtful] = [0, 0];
    for (const line of lines) {
      const [word, id, held, cost] = line.split(' ');
      if (word !== 'begin') continue;
      const isEnded = ended.has(id);
      if (!isEnded) doubtful += 1;
      // A request whose process was killed in between was charged if its hold is gone.
      const scores = isEnded ? [] : await redis.zmscore(`${account}:holds`, `${id}:${held}`, `!${id}:${held}`);
      if (scores.every((score) => score === null)) charged += Number(cost);
    }
    const open = await redis.hmget(account, 'spent', 'running');
    if (isChaos)
      process.stderr.write(`OVL-2: ${JSON.stringify({ settled: ended.size, doubtful, kills, charged, open })}\n`);
    expect(kills).toBeGreaterThanOrEqual(1);
    expect(ended.size + doubtful).toBeGreaterThanOrEqual(total);
    expect(Number(open[0])).toBe(charged);
    expect(Number(open[1])).toBeGreaterThan(0);

    const later = new RedisLimiter(redis, () => (Date.now() + HOLD_MS + 5_000) * 1_000);
    await later.admit(bucket, { id: 'last', tokens: 1, costMicros: 1 });
    for (const key of [account, `${account}:key_1:free`])
      expect(await redis.hmget(key, 'running', 'held')).toEqual(['1', '1']);
  }, 600_000);
});
