/**
 * A worker in its own process, for tests that kill or stop it. Each job takes three slices of 100 ms; Redis counts them beside the queue.
 * Prints `slice <id>` when a slice begins.
 */
import { setting, url } from '@xerotier/config';
import { runProcess, serviceSettings } from '@xerotier/process';
import { connectRedis } from '@xerotier/redis';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { defineQueue } from '../src/define-queue.ts';
import { JobQueue } from '../src/job-queue.ts';
import { JobWorker } from '../src/job-worker.ts';

const runs = defineQueue({ name: 'runs', job: z.object({ runId: z.string() }), jobId: ({ runId }) => runId });
const settings = {
  service: serviceSettings,
  redis: { url: setting('REDIS_URL', url('redis'), 'URL of Redis.') },
};

await runProcess('test', settings, async (config, log) => {
  const redis = connectRedis({ url: config.redis.url, name: 'test', log });
  const waiting = connectRedis({ url: config.redis.url, name: 'test-jobs', log, waitsForServer: true });
  const worker = new JobWorker({
    queue: new JobQueue(runs, redis),
    redis: waiting,
    log,
    concurrency: 5,
    lockMs: 1_000,
    stalledCheckMs: 300,
    handle: async ({ runId }) => {
      process.stdout.write(`slice ${runId}\n`);
      await delay(100);
      const slices = await redis.incr(`slices:${runId}`);
      return slices < 3 ? { continueAfterMs: 5 } : 'done';
    },
  });
  worker.start();
  return {
    readiness: {},
    drain: (signal) => worker.stop(signal),
    close: async () => {
      redis.disconnect();
      waiting.disconnect();
    },
  };
});
