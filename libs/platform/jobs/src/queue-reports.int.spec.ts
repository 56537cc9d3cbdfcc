import { silentLog } from '@xerotier/log/testing';
import type { RedisClient } from '@xerotier/redis';
import { eventually } from '@xerotier/testing';
import { z } from 'zod';
import { runningRedis } from '../test/running-redis.ts';
import { defineQueue } from './define-queue.ts';
import { JobQueue } from './job-queue.ts';
import { JobWorker } from './job-worker.ts';
import { queueReports } from './queue-reports.ts';

const job = z.object({ id: z.string() });
const runs = defineQueue({ name: 'runs', job, jobId: ({ id }) => id });
const mails = defineQueue({ name: 'mails', job, jobId: ({ id }) => id });

const running = runningRedis();
let redis: RedisClient;
beforeEach(async () => {
  redis = await running.connect();
});

it('is empty without queues', async () => {
  await redis.set('bull:other:meta', 'x');
  expect(await queueReports(redis)).toEqual([]);
});

it('shows what waits, runs, is delayed and has failed, and changes nothing', async () => {
  const [queue, other] = [new JobQueue(runs, redis), new JobQueue(mails, redis)];
  const release = Promise.withResolvers<void>();
  const worker = new JobWorker({
    queue,
    redis: await running.connect(true),
    log: silentLog(),
    handle: async ({ id }) => {
      if (id === 'bad') throw new Error('no');
      await release.promise;
      return 'done';
    },
  });
  worker.start();
  try {
    await queue.add({ id: 'bad' });
    await eventually('it has failed', async () => (await queue.counts()).failed === 1);
    await queue.add({ id: 'running' });
    await eventually('it runs', async () => (await queue.counts()).active === 1);
    for (const id of ['one', 'two', 'three']) await queue.add({ id });
    await queue.add({ id: 'urgent' }, { priority: 1 });
    const before = Date.now();
    await queue.add({ id: 'later' }, { delayMs: 3_600_000 });
    await other.add({ id: 'mail' });

    const keys = (await redis.keys('*')).sort();
    const [mailReport, report] = await queueReports(redis, 2);
    expect((await redis.keys('*')).sort()).toEqual(keys);
    expect(mailReport).toMatchObject({ name: 'mails', counts: { waiting: 1 } });
    expect(report).toMatchObject({ name: 'runs', counts: { waiting: 4, active: 1, delayed: 1, failed: 1 } });
    expect(report?.jobs.map(({ id, state }) => [id, state])).toEqual([
      ['one', 'waiting'],
      ['two', 'waiting'],
      ['urgent', 'waiting'],
      ['running', 'active'],
      ['later', 'delayed'],
      ['bad', 'failed'],
    ]);
    expect(report?.jobs.find(({ id }) => id === 'bad')).toMatchObject({ reason: 'internal' });
    expect(Date.parse(report?.jobs.find(({ id }) => id === 'later')?.at ?? '')).toBeGreaterThanOrEqual(
      before + 3_600_000,
    );
  } finally {
    release.resolve();
    await worker.stop(AbortSignal.timeout(10_000));
    await Promise.all([queue.close(), other.close()]);
  }
});
