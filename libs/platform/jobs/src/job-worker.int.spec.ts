import { AppError } from '@xerotier/errors';
import { logContext, withLogContext } from '@xerotier/log';
import { capturedLog } from '@xerotier/log/testing';
import type { RedisClient } from '@xerotier/redis';
import { metricsText } from '@xerotier/telemetry';
import { recordedSpans } from '@xerotier/telemetry/testing';
import { eventually } from '@xerotier/testing';
import { once } from 'node:events';
import { z } from 'zod';
import { runningRedis } from '../test/running-redis.ts';
import { defineQueue } from './define-queue.ts';
import type { JobCall, JobHandler } from './job-handler.ts';
import { JobQueue } from './job-queue.ts';
import { JobWorker } from './job-worker.ts';
import type { WorkerSettings } from './job-worker.ts';

const runs = defineQueue({ name: 'runs', job: z.object({ runId: z.string() }), jobId: ({ runId }) => runId });
const LOCK_KEY = 'bull:{q-runs}:a:lock';

const running = runningRedis();
const spans = recordedSpans();
let redis: RedisClient;
let queue: JobQueue<typeof runs>;
let workers: JobWorker<typeof runs>[] = [];
let logged: ReturnType<typeof capturedLog>;

beforeEach(async () => {
  redis = await running.connect();
  queue = new JobQueue(runs, redis);
  logged = capturedLog();
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop(AbortSignal.timeout(5_000))));
  workers = [];
  await queue.close();
});

async function work(handle: JobHandler<typeof runs>, settings: WorkerSettings = {}): Promise<JobWorker<typeof runs>> {
  return workOn(await running.connect(true), handle, settings);
}

function workOn(
  connection: RedisClient,
  handle: JobHandler<typeof runs>,
  settings: WorkerSettings = {},
): JobWorker<typeof runs> {
  const fast = { lockMs: 1_000, stalledCheckMs: 200, pauseMs: 1 };
  const worker = new JobWorker({ queue, handle, redis: connection, log: logged.log, ...fast, ...settings });
  workers.push(worker);
  worker.start();
  return worker;
}

const idle = { waiting: 0, active: 0, delayed: 0, failed: 0 };
async function ended(): Promise<void> {
  await eventually('all jobs have ended', async () => JSON.stringify(await queue.counts()) === JSON.stringify(idle));
}

/** A handler that holds its first call until it is told to go on. */
function held(): { handle: JobHandler<typeof runs>; calls: JobCall[]; release: () => void } {
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

async function aborted(call: JobCall | undefined): Promise<void> {
  if (call?.signal.aborted !== true) await once(call?.signal as AbortSignal, 'abort');
}

describe('a handler', () => {
  it('gets the ids and the id of the job, and leaves nothing in Redis', async () => {
    const seen: unknown[] = [];
    await work(async (job, { jobId }) => {
      seen.push([job, jobId]);
      return 'done';
    });
    await queue.add({ runId: 'a' });
    await ended();
    expect(seen).toEqual([[{ runId: 'a' }, 'a']]);
    expect(await redis.keys('*:a*')).toEqual([]);
  });

  it('may be called for an id again after the job has ended', async () => {
    let calls = 0;
    await work(async () => {
      calls += 1;
      return 'done';
    });
    await queue.add({ runId: 'a' });
    await ended();
    await queue.add({ runId: 'a' });
    await ended();
    expect(calls).toBe(2);
  });

  it('is called for each slice, and the jobs that wait take turns', async () => {
    const order: string[] = [];
    await queue.add({ runId: 'a' });
    await queue.add({ runId: 'b' });
    await work(async ({ runId }) => {
      order.push(runId);
      return order.filter((id) => id === runId).length < 3 ? { continueAfterMs: 0 } : 'done';
    });
    await ended();
    expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  });

  it('is called after the pause that it asks for, and the job is one with its id meanwhile', async () => {
    let calls = 0;
    await work(async () => {
      calls += 1;
      return { continueAfterMs: 60_000 };
    });
    await queue.add({ runId: 'a' });
    await eventually('it is delayed', async () => (await queue.counts()).delayed === 1);
    await queue.add({ runId: 'a' });
    expect(await queue.counts()).toEqual({ ...idle, delayed: 1 });
    expect(calls).toBe(1);
  });

  it('runs as often at once as it may', async () => {
    let now = 0;
    let most = 0;
    await Promise.all(Array.from({ length: 9 }, (_, at) => queue.add({ runId: `r${at}` })));
    await work(
      async () => {
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setTimeout(resolve, 20));
        now -= 1;
        return 'done';
      },
      { concurrency: 3 },
    );
    await ended();
    expect(most).toBe(3);
  });
});

describe('a failure', () => {
  it('that may pass is repeated after a pause', async () => {
    let calls = 0;
    await work(async () => {
      calls += 1;
      if (calls < 4) throw new AppError('db.unavailable');
      return 'done';
    });
    await queue.add({ runId: 'a' });
    await ended();
    expect(calls).toBe(4);
    expect(logged.lines().filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('that does not pass ends the job after the maximum of attempts', async () => {
    let calls = 0;
    await work(
      async () => {
        calls += 1;
        throw new AppError('db.unavailable');
      },
      { attemptsMax: 3 },
    );
    await queue.add({ runId: 'a' });
    await eventually('it has failed', async () => (await queue.counts()).failed === 1);
    expect(calls).toBe(3);
    expect(logged.lines()).toContainEqual(
      expect.objectContaining({ msg: 'job failed', queue: 'runs', jobId: 'a', code: 'db.unavailable', failures: 3 }),
    );
  });

  it('does not count once a slice has succeeded', async () => {
    let calls = 0;
    await work(
      async () => {
        calls += 1;
        // Two failures before each slice, with a maximum of three.
        if (calls % 3 !== 0) throw new AppError('db.unavailable');
        return calls < 12 ? { continueAfterMs: 0 } : 'done';
      },
      { attemptsMax: 3 },
    );
    await queue.add({ runId: 'a' });
    await ended();
    expect(calls).toBe(12);
  });

  it('of another kind ends the job at once, and puts its code into Redis, not its message', async () => {
    let calls = 0;
    await work(async () => {
      calls += 1;
      throw new SyntaxError('Unexpected token in "swordfish"');
    });
    await queue.add({ runId: 'a' });
    await eventually('it has failed', async () => (await queue.counts()).failed === 1);
    expect(calls).toBe(1);
    const stored = await redis.hgetall('bull:{q-runs}:a');
    expect(stored['failedReason']).toBe('internal');
    expect(JSON.stringify(stored)).not.toContain('swordfish');
  });

  it('that is expected and not retryable ends the job at once', async () => {
    let calls = 0;
    await work(async () => {
      calls += 1;
      throw new AppError('api_key.inactive', { key: 'key_1' });
    });
    await queue.add({ runId: 'a' });
    await eventually('it has failed', async () => (await queue.counts()).failed === 1);
    expect(calls).toBe(1);
    expect([...(await queue.failedBefore(Date.now() + 1_000))]).toEqual(['a']);
    expect([...(await queue.failedBefore(Date.now() - 60_000))]).toEqual([]);
  });

  it('is a job that does not fit its contract', async () => {
    const other = defineQueue({ name: 'runs', job: z.object({ id: z.string() }), jobId: ({ id }) => id });
    const writer = new JobQueue(other, redis);
    await work(async () => 'done');
    await writer.add({ id: 'a' });
    await eventually('it has failed', async () => (await queue.counts()).failed === 1);
    await writer.close();
  });
});

describe('a lost lock', () => {
  it('aborts the signal, and another call does the work', async () => {
    const { handle, calls, release } = held();
    await work(handle);
    await queue.add({ runId: 'a' });
    await eventually('it runs', () => calls.length === 1);
    await redis.del(LOCK_KEY);
    await aborted(calls[0]);
    expect((calls[0]?.signal.reason as Error).message).toBe('The job has lost its lock.');
    release();
    await ended();
    expect(calls).toHaveLength(2);
    expect(logged.text()).toContain('job lost its lock');
  });

  it('leads to no second call in the same process before the first has ended', async () => {
    const { handle, calls, release } = held();
    await work(handle, { concurrency: 2 });
    await queue.add({ runId: 'a' });
    await eventually('it runs', () => calls.length === 1);
    await redis.del(LOCK_KEY);
    await eventually('it was taken, and put off', async () => (await queue.counts()).delayed === 1);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.signal.aborted).toBe(true);
    release();
    await ended();
    expect(calls).toHaveLength(2);
    expect(logged.text()).toContain('job lost its lock');
  });

  it.each([
    // On a busy machine it may be noticed before the result arrives.
    ['before it is noticed', 'early', /Missing lock for job a|job lost its lock/],
    ['after that', 'late', /job lost its lock/],
  ])('lets another worker take the job, and the result of the first counts for nothing: %s', async (...row) => {
    const [, whenReleased, line] = row;
    const first = held();
    await work(first.handle);
    await queue.add({ runId: 'a' });
    await eventually('it runs', () => first.calls.length === 1);
    const second: string[] = [];
    await work(async (_, { jobId }) => {
      second.push(jobId);
      return { continueAfterMs: 60_000 };
    });
    await redis.del(LOCK_KEY);
    await eventually('the other one has it', async () => (await queue.counts()).delayed === 1);
    if (whenReleased === 'late') await aborted(first.calls[0]);
    first.release();
    await eventually('the first one has ended', () => line.test(logged.text()));
    expect(second).toEqual(['a']);
    expect(await queue.counts()).toEqual({ ...idle, delayed: 1 });
  });

  it('is assumed when Redis is silent for as long as a lock lasts', async () => {
    const { handle, calls, release } = held();
    await work(handle);
    await queue.add({ runId: 'a' });
    await eventually('it runs', () => calls.length === 1);
    process.kill(running.server.pid as number, 'SIGSTOP');
    try {
      await aborted(calls[0]);
      expect((calls[0]?.signal.reason as Error).message).toBe('Redis does not confirm the lock of the job.');
    } finally {
      process.kill(running.server.pid as number, 'SIGCONT');
      release();
    }
    await ended();
  });

  it('is none while the handler runs for many times as long as the lock', async () => {
    let aborted = true;
    let calls = 0;
    await work(
      async (_, { signal }) => {
        calls += 1;
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        aborted = signal.aborted;
        return 'done';
      },
      { lockMs: 400, stalledCheckMs: 100 },
    );
    await queue.add({ runId: 'a' });
    await ended();
    expect([calls, aborted]).toEqual([1, false]);
  });

  it('too often is a failure', async () => {
    const aborts: Promise<unknown>[] = [];
    await work(
      async (_, { signal }) => {
        await redis.del(LOCK_KEY);
        const abort = once(signal, 'abort');
        aborts.push(abort);
        await abort;
        return 'done';
      },
      { stallsMax: 1 },
    );
    await queue.add({ runId: 'a' });
    await eventually('it has failed', async () => (await queue.counts()).failed === 1);
    expect(aborts).toHaveLength(2);
    await eventually('it is logged', () => logged.text().includes('job stalled more than allowable limit'));
  });
});

describe('Redis', () => {
  it('may end while a job runs: it ends later, and others follow', async () => {
    const { handle, calls, release } = held();
    await work(handle);
    await queue.add({ runId: 'a' });
    await eventually('it runs', () => calls.length === 1);
    await running.server.kill('SIGKILL');
    release();
    await running.server.restart();
    await eventually('it accepts jobs', () => queue.add({ runId: 'b' }).then(() => true));
    await ended();
    expect(calls.length).toBeGreaterThan(0);
  });

  it('may be full: jobs go on when it is not', async () => {
    const done = new Set<string>();
    const ids = Array.from({ length: 50 }, (_, at) => `r${at}`);
    await Promise.all(ids.map((runId) => queue.add({ runId })));
    await redis.config('SET', 'maxmemory', '1');
    await redis.config('RESETSTAT');
    await work(
      async ({ runId }) => {
        done.add(runId);
        return 'done';
      },
      { concurrency: 5 },
    );
    await eventually('the worker meets it', () => logged.text().includes('OOM'));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const [, rejections] = /^errorstat_OOM:count=(\d+)/m.exec(await redis.info('errorstats')) ?? [];
    // It would be thousands without a pause between them.
    expect(Number(rejections)).toBeLessThan(20);
    await redis.config('SET', 'maxmemory', '0');
    await ended();
    expect([...done].sort()).toEqual(ids.sort());
  });

  it('may be unreachable at the start: jobs are taken once it is there', async () => {
    await running.server.kill('SIGKILL');
    await eventually('the loss is noticed', () => redis.status !== 'ready');
    const done: string[] = [];
    const connection = running.begin(true);
    workOn(connection, async ({ runId }) => {
      done.push(runId);
      return 'done';
    });
    await eventually('the worker is refused', () => connection.status === 'reconnecting');
    await running.server.restart();
    await eventually('it accepts jobs', () => queue.add({ runId: 'a' }).then(() => true));
    await ended();
    expect(done).toEqual(['a']);
  });
});

describe('stop', () => {
  it('waits for a running handler, and takes no further job', async () => {
    const { handle, calls, release } = held();
    const worker = await work(handle);
    await queue.add({ runId: 'a' });
    await eventually('it runs', () => calls.length === 1);
    const stopped = worker.stop(AbortSignal.timeout(20_000));
    await queue.add({ runId: 'b' });
    release();
    await stopped;
    expect(calls.map(({ jobId }) => jobId)).toEqual(['a']);
    expect(calls[0]?.signal.aborted).toBe(false);
    expect(await queue.counts()).toEqual({ ...idle, waiting: 1 });
  });

  it('takes no job that is added to an idle worker', async () => {
    const taken: string[] = [];
    const worker = await work(async ({ runId }) => {
      taken.push(runId);
      return 'done';
    });
    await queue.add({ runId: 'a' });
    await ended();
    const stopped = worker.stop(AbortSignal.timeout(20_000));
    await queue.add({ runId: 'b' });
    await stopped;
    await queue.add({ runId: 'c' });
    expect(taken).toEqual(['a']);
    expect((await queue.counts()).waiting).toBe(2);
  });

  it.each([
    ['after its own deadline', { drainMs: 50 }, () => new AbortController().signal],
    ['with the signal that it is given', {}, () => AbortSignal.timeout(100)],
  ])('aborts a handler %s, whose job waits for another worker at once', async (_, settings, signalOf) => {
    const started = Promise.withResolvers<void>();
    // Nobody looks for jobs without a lock here: it is given back.
    const slow = { lockMs: 60_000, stalledCheckMs: 60_000 };
    const worker = await work(
      async (__, { signal }) => {
        started.resolve();
        await once(signal, 'abort');
        signal.throwIfAborted();
        return 'done';
      },
      { ...slow, ...settings },
    );
    await queue.add({ runId: 'a' });
    await started.promise;
    await worker.stop(signalOf());
    expect(await queue.counts()).toEqual({ ...idle, waiting: 1 });
    const { handle, calls } = held();
    const next = await work(async (job, call) => {
      calls.push(call);
      return handle(job, call);
    });
    await ended();
    expect(calls.length).toBeGreaterThan(0);
    await next.stop(AbortSignal.timeout(5_000));
  });

  it('ends without a handler that does not, whose job is repeated when its lock expires', async () => {
    const started = Promise.withResolvers<void>();
    const worker = await work(async () => {
      started.resolve();
      return new Promise<never>(() => undefined);
    });
    await queue.add({ runId: 'a' });
    await started.promise;
    await worker.stop(AbortSignal.abort());
    workers = [];
    const again = held();
    again.release();
    await work(again.handle);
    await eventually('it is repeated', () => again.calls.length === 1);
    await ended();
  });

  it('does not wait for a Redis that is away', async () => {
    const worker = await work(async () => 'done');
    await queue.add({ runId: 'a' });
    await ended();
    await running.server.kill('SIGKILL');
    await eventually('the loss is noticed', () => redis.status !== 'ready');
    await worker.stop(new AbortController().signal);
    workers = [];
    await running.server.restart();
  });
});

describe('telemetry', () => {
  it('carries the request and a link to its trace to the handler', async () => {
    const context = { requestId: 'req_1', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    const seen: unknown[] = [];
    await work(async () => {
      seen.push(logContext());
      return 'done';
    });
    await withLogContext(context, () => queue.add({ runId: 'a' }));
    await ended();
    await eventually('the span has ended', () => spans.ended().some(({ name }) => name === 'process runs'));
    const sent = spans.named('send runs').spanContext();
    const processed = spans.named('process runs');
    expect(sent.traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(processed.links.map(({ context: { traceId, spanId } }) => [traceId, spanId])).toEqual([
      [sent.traceId, sent.spanId],
    ]);
    expect(processed.spanContext().traceId).not.toBe(sent.traceId);
    expect(seen).toEqual([
      expect.objectContaining({
        requestId: 'req_1',
        traceparent: expect.stringContaining(processed.spanContext().traceId),
      }),
    ]);
  });

  it('counts jobs by state, and calls by outcome', async () => {
    await work(async ({ runId }) => {
      if (runId === 'bad') throw new Error('no');
      return 'done';
    });
    await queue.add({ runId: 'later' }, { delayMs: 60_000 });
    await queue.add({ runId: 'bad' });
    await eventually('it has failed', async () => (await queue.counts()).failed === 1);
    const text = await metricsText();
    expect(text).toContain('xerotier_queue_jobs{queue="runs",state="delayed"} 1');
    expect(text).toContain('xerotier_queue_jobs{queue="runs",state="failed"} 1');
    expect(text).toMatch(/xerotier_job_duration_seconds_count\{queue="runs",outcome="failed"\} [1-9]/);
  });
});
