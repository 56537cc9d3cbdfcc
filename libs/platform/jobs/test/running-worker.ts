/** Workers on a Redis of their own, for tests. */
import type { RedisClient } from '@xerotier/redis';
import { capturedLog } from '@xerotier/log/testing';
import { eventually } from '@xerotier/testing';
import { once } from 'node:events';
import { z } from 'zod';
import { defineQueue } from '../src/define-queue.ts';
import type { JobCall, JobHandler } from '../src/job-handler.ts';
import { JobQueue } from '../src/job-queue.ts';
import { JobWorker } from '../src/job-worker.ts';
import type { WorkerSettings } from '../src/job-worker.ts';
import { runningRedis } from './running-redis.ts';

const runs = defineQueue({ name: 'runs', job: z.object({ runId: z.string() }), jobId: ({ runId }) => runId });
type Handler = JobHandler<typeof runs>;

export const idle = { waiting: 0, active: 0, delayed: 0, failed: 0 };

/** New for each test. */
class RunningWorkers {
  redis!: RedisClient;
  queue!: JobQueue<typeof runs>;
  logged!: ReturnType<typeof capturedLog>;
  readonly running = runningRedis();
  #workers: JobWorker<typeof runs>[] = [];

  async begin(): Promise<void> {
    this.redis = await this.running.connect();
    this.queue = new JobQueue(runs, this.redis);
    this.logged = capturedLog();
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop(AbortSignal.timeout(5_000))));
    this.forget();
    await this.queue.close();
  }

  /** Workers that were stopped already. */
  forget(): void {
    this.#workers = [];
  }

  async work(handle: Handler, settings: WorkerSettings = {}): Promise<JobWorker<typeof runs>> {
    return this.workOn(await this.running.connect(true), handle, settings);
  }

  workOn(connection: RedisClient, handle: Handler, settings: WorkerSettings = {}): JobWorker<typeof runs> {
    const fast = { lockMs: 1_000, stalledCheckMs: 200, pauseMs: 1 };
    const { queue, logged } = this;
    const worker = new JobWorker({ queue, handle, redis: connection, log: logged.log, ...fast, ...settings });
    this.#workers.push(worker);
    worker.start();
    return worker;
  }

  async ended(): Promise<void> {
    await eventually(
      'all jobs have ended',
      async () => JSON.stringify(await this.queue.counts()) === JSON.stringify(idle),
    );
  }
}

/** Call it at the top of a file. */
export function runningWorkers(): RunningWorkers {
  const workers = new RunningWorkers();
  beforeEach(() => workers.begin());
  afterEach(() => workers.end());
  return workers;
}

/** A handler that holds its first call until it is told to go on. */
export function held(): { handle: Handler; calls: JobCall[]; release: () => void } {
  const calls: JobCall[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    calls,
    release: resolve,
    handle: async (_, call) => {
      calls.push(call);
      if (calls.length === 1) await promise;
      return 'done';
    },
  };
}

export async function aborted(call: JobCall | undefined): Promise<void> {
  if (call?.signal.aborted !== true) await once(call?.signal as AbortSignal, 'abort');
}
