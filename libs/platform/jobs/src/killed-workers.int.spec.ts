/** Worker processes are killed or stopped at any moment: every job ends, in another process. */
import type { RedisClient } from '@xerotier/redis';
import { eventually } from '@xerotier/testing';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { runningRedis } from '../test/running-redis.ts';
import { defineQueue } from './define-queue.ts';
import { JobQueue } from './job-queue.ts';

const runs = defineQueue({ name: 'runs', job: z.object({ runId: z.string() }), jobId: ({ runId }) => runId });
const ROUNDS = 20;

const running = runningRedis();
const children = new Set<ChildProcess>();
let redis: RedisClient;
let queue: JobQueue<typeof runs>;
/** The process that began a slice of a job last. */
const holders = new Map<string, ChildProcess>();

beforeEach(async () => {
  holders.clear();
  redis = await running.connect();
  queue = new JobQueue(runs, redis);
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  await queue.close();
});

function startWorker(): ChildProcess {
  const file = join(import.meta.dirname, '../test/worker-process.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
    env: { ...process.env, REDIS_URL: running.server.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [, runId] = /^slice (.+)$/.exec(line) ?? [];
    if (runId !== undefined) holders.set(runId, child);
  });
  return child;
}

/** @returns its exit code; null after SIGKILL. */
async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (!children.delete(child)) return null;
  const exited = once(child, 'exit') as Promise<[number | null]>;
  child.kill(signal);
  return (await exited)[0];
}

async function allEnded(): Promise<void> {
  const idle = { waiting: 0, active: 0, delayed: 0, failed: 0 };
  await eventually('all jobs have ended', async () => JSON.stringify(await queue.counts()) === JSON.stringify(idle));
}

it('loses no job in twenty kills', async () => {
  startWorker();
  startWorker();
  let interrupted = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const runId = `run-${round}`;
    await queue.add({ runId });
    const holder = await eventually('it is taken', () => holders.get(runId));
    await delay(Math.random() * 350);
    await end(holder, 'SIGKILL');
    startWorker();
    if (Number(await redis.get(`slices:${runId}`)) < 3) interrupted += 1;
  }
  await allEnded();
  const slices = await redis.mget(Array.from({ length: ROUNDS }, (_, round) => `slices:run-${round}`));
  expect(slices.filter((count) => Number(count) < 3)).toEqual([]);
  // Otherwise the kills proved nothing.
  expect(interrupted).toBeGreaterThan(0);
}, 180_000);

it('ends with code 0 after SIGTERM, and leaves what is left of its jobs to another process', async () => {
  const first = startWorker();
  const ids = Array.from({ length: 10 }, (_, at) => `run-${at}`);
  for (const runId of ids) await queue.add({ runId });
  await eventually('it works', () => holders.size > 0);
  expect(await end(first, 'SIGTERM')).toBe(0);
  // Its slices are finished: nobody waits for a lock to expire.
  expect(await queue.counts()).toMatchObject({ active: 0, failed: 0 });
  startWorker();
  await allEnded();
  const slices = await redis.mget(ids.map((runId) => `slices:${runId}`));
  expect(slices).toEqual(ids.map(() => '3'));
});
