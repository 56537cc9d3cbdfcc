import { AppError } from '@xerotier/errors';
import type { RedisClient } from '@xerotier/redis';
import { eventually } from '@xerotier/testing';
import { z } from 'zod';
import { runningRedis } from '../test/running-redis.ts';
import { defineQueue } from './define-queue.ts';
import { JobQueue } from './job-queue.ts';

const runs = defineQueue({ name: 'runs', job: z.object({ runId: z.string() }), jobId: ({ runId }) => runId });

const running = runningRedis();
let redis: RedisClient;
let queue: JobQueue<typeof runs>;
beforeEach(async () => {
  redis = await running.connect();
  queue = new JobQueue(runs, redis);
});
afterEach(() => queue.close());

const keys = (): Promise<string[]> => redis.keys('*');
const unavailable = { code: 'queue.unavailable', status: 503, retryable: true };

describe('add', () => {
  it('adds a job, and none with its id while there is one', async () => {
    await queue.add({ runId: 'a' });
    await queue.add({ runId: 'a' });
    await queue.add({ runId: 'b' });
    expect(await queue.counts()).toEqual({ waiting: 2, active: 0, delayed: 0, failed: 0 });
  });

  it('adds a job for later, which counts as one with its id', async () => {
    await queue.add({ runId: 'a' }, { delayMs: 60_000 });
    await queue.add({ runId: 'a' });
    expect(await queue.counts()).toEqual({ waiting: 0, active: 0, delayed: 1, failed: 0 });
  });

  it('counts jobs with a priority as waiting', async () => {
    await queue.add({ runId: 'a' }, { priority: 5 });
    expect(await queue.counts()).toMatchObject({ waiting: 1 });
  });

  it('uses keys of one hash tag, and no others', async () => {
    await queue.add({ runId: 'a' });
    await queue.add({ runId: 'b' }, { delayMs: 1_000 });
    const found = await keys();
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter((key) => !key.startsWith('bull:{q-runs}:'))).toEqual([]);
  });

  it('adds again after the server has lost everything', async () => {
    await queue.add({ runId: 'a' });
    await redis.flushall();
    await redis.script('FLUSH');
    await queue.add({ runId: 'a' });
    expect(await queue.counts()).toMatchObject({ waiting: 1 });
  });

  it('rejects a job that is no list of ids', async () => {
    await expect(queue.add({ runId: 'x'.repeat(2_000) })).rejects.toThrow('it must hold ids');
    expect(await keys()).toEqual([]);
  });
});

describe('an unavailable Redis', () => {
  it('is a failure at once while it is away, and none when it is back', async () => {
    await queue.add({ runId: 'a' });
    await running.server.kill('SIGKILL');
    await eventually('the loss is noticed', () => redis.status !== 'ready');
    await expect(queue.add({ runId: 'b' })).rejects.toMatchObject(unavailable);
    expect(queue.isReachable).toBe(false);
    await running.server.restart();
    await eventually('it is back', () => queue.isReachable);
    await queue.add({ runId: 'b' });
    expect((await queue.counts()).waiting).toBeGreaterThan(0);
  });

  it('is a failure for a process that has never reached it', async () => {
    await running.server.kill('SIGKILL');
    await eventually('the loss is noticed', () => redis.status !== 'ready');
    const fresh = new JobQueue(runs, redis);
    await expect(fresh.add({ runId: 'a' })).rejects.toMatchObject(unavailable);
    await running.server.restart();
    await eventually('it is back', () => fresh.isReachable);
    await fresh.add({ runId: 'a' });
    await fresh.close();
  });

  it('is a failure while it is suspended', async () => {
    await queue.add({ runId: 'a' });
    process.kill(running.server.pid as number, 'SIGSTOP');
    try {
      await expect(queue.add({ runId: 'b' })).rejects.toMatchObject(unavailable);
    } finally {
      process.kill(running.server.pid as number, 'SIGCONT');
    }
    await eventually('it continues', () => queue.add({ runId: 'c' }).then(() => true));
  });

  it('is a failure at its maximum of memory', async () => {
    await redis.config('SET', 'maxmemory', '1');
    try {
      const failure = await queue.add({ runId: 'a' }).catch((error: unknown) => error);
      expect(failure).toMatchObject(unavailable);
      expect((failure as AppError).cause).toMatchObject({ message: expect.stringContaining('OOM') });
    } finally {
      await redis.config('SET', 'maxmemory', '0');
    }
    await queue.add({ runId: 'a' });
    expect(await queue.counts()).toMatchObject({ waiting: 1 });
  });

  it('is a failure while it is read-only', async () => {
    await redis.replicaof('127.0.0.1', '1');
    try {
      await expect(queue.add({ runId: 'a' })).rejects.toMatchObject(unavailable);
    } finally {
      await redis.replicaof('NO', 'ONE');
    }
    await queue.add({ runId: 'a' });
  });
});

describe('failedBefore', () => {
  it('is empty without failed jobs', async () => {
    await queue.add({ runId: 'a' });
    expect(await queue.failedBefore(Date.now() + 1_000)).toEqual(new Set());
  });
});
