import { AppError } from '@xerotier/errors';
import { logContext, withLogContext } from '@xerotier/log';
import { metricsText } from '@xerotier/telemetry';
import { recordedSpans } from '@xerotier/telemetry/testing';
import { eventually } from '@xerotier/testing';
import { z } from 'zod';
import { held, idle, runningWorkers } from '../test/running-worker.ts';
import { defineQueue } from './define-queue.ts';
import { JobQueue } from './job-queue.ts';

const test = runningWorkers();
const spans = recordedSpans();

describe('a handler', () => {
  it('gets the ids and the id of the job, and leaves nothing in Redis', async () => {
    const seen: unknown[] = [];
    await test.work(async (job, { jobId }) => {
      seen.push([job, jobId]);
      return 'done';
    });
    await test.queue.add({ runId: 'a' });
    await test.ended();
    expect(seen).toEqual([[{ runId: 'a' }, 'a']]);
    expect(await test.redis.keys('*:a*')).toEqual([]);
  });

  it('may be called for an id again after the job has ended', async () => {
    let calls = 0;
    await test.work(async () => {
      calls += 1;
      return 'done';
    });
    await test.queue.add({ runId: 'a' });
    await test.ended();
    await test.queue.add({ runId: 'a' });
    await test.ended();
    expect(calls).toBe(2);
  });

  it('is called for each slice, and the jobs that wait take turns', async () => {
    const order: string[] = [];
    await test.queue.add({ runId: 'a' });
    await test.queue.add({ runId: 'b' });
    await test.work(async ({ runId }) => {
      order.push(runId);
      return order.filter((id) => id === runId).length < 3 ? { continueAfterMs: 0 } : 'done';
    });
    await test.ended();
    expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  });

  it('is called after the pause that it asks for, and the job is one with its id meanwhile', async () => {
    let calls = 0;
    await test.work(async () => {
      calls += 1;
      return { continueAfterMs: 60_000 };
    });
    await test.queue.add({ runId: 'a' });
    await eventually('it is delayed', async () => (await test.queue.counts()).delayed === 1);
    await test.queue.add({ runId: 'a' });
    expect(await test.queue.counts()).toEqual({ ...idle, delayed: 1 });
    expect(calls).toBe(1);
  });

  it('runs as often at once as it may', async () => {
    let now = 0;
    let most = 0;
    await Promise.all(Array.from({ length: 9 }, (_, at) => test.queue.add({ runId: `r${at}` })));
    await test.work(
      async () => {
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setTimeout(resolve, 20));
        now -= 1;
        return 'done';
      },
      { concurrency: 3 },
    );
    await test.ended();
    expect(most).toBe(3);
  });
});

describe('a failure', () => {
  it('that may pass is repeated after a pause', async () => {
    let calls = 0;
    await test.work(async () => {
      calls += 1;
      if (calls < 4) throw new AppError('db.unavailable');
      return 'done';
    });
    await test.queue.add({ runId: 'a' });
    await test.ended();
    expect(calls).toBe(4);
    expect(test.logged.lines().filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('that does not pass ends the job after the maximum of attempts', async () => {
    let calls = 0;
    await test.work(
      async () => {
        calls += 1;
        throw new AppError('db.unavailable');
      },
      { attemptsMax: 3 },
    );
    await test.queue.add({ runId: 'a' });
    await eventually('it has failed', async () => (await test.queue.counts()).failed === 1);
    expect(calls).toBe(3);
    expect(test.logged.lines()).toContainEqual(
      expect.objectContaining({ msg: 'job failed', queue: 'runs', jobId: 'a', code: 'db.unavailable', failures: 3 }),
    );
  });

  it('does not count once a slice has succeeded', async () => {
    let calls = 0;
    await test.work(
      async () => {
        calls += 1;
        // Two failures before each slice, with a maximum of three.
        if (calls % 3 !== 0) throw new AppError('db.unavailable');
        return calls < 12 ? { continueAfterMs: 0 } : 'done';
      },
      { attemptsMax: 3 },
    );
    await test.queue.add({ runId: 'a' });
    await test.ended();
    expect(calls).toBe(12);
  });

  it('of another kind ends the job at once, and puts its code into Redis, not its message', async () => {
    let calls = 0;
    await test.work(async () => {
      calls += 1;
      throw new SyntaxError('Unexpected token in "swordfish"');
    });
    await test.queue.add({ runId: 'a' });
    await eventually('it has failed', async () => (await test.queue.counts()).failed === 1);
    expect(calls).toBe(1);
    const stored = await test.redis.hgetall('bull:{q-runs}:a');
    expect(stored['failedReason']).toBe('internal');
    expect(JSON.stringify(stored)).not.toContain('swordfish');
  });

  it('that is expected and not retryable ends the job at once', async () => {
    let calls = 0;
    await test.work(async () => {
      calls += 1;
      throw new AppError('api_key.inactive', { key: 'key_1' });
    });
    await test.queue.add({ runId: 'a' });
    await eventually('it has failed', async () => (await test.queue.counts()).failed === 1);
    expect(calls).toBe(1);
    expect([...(await test.queue.failedBefore(Date.now() + 1_000))]).toEqual(['a']);
    expect([...(await test.queue.failedBefore(Date.now() - 60_000))]).toEqual([]);
  });

  it('is a job that does not fit its contract', async () => {
    const other = defineQueue({ name: 'runs', job: z.object({ id: z.string() }), jobId: ({ id }) => id });
    const writer = new JobQueue(other, test.redis);
    await test.work(async () => 'done');
    await writer.add({ id: 'a' });
    await eventually('it has failed', async () => (await test.queue.counts()).failed === 1);
    await writer.close();
  });
});

describe('Redis', () => {
  it('may end while a job runs: it ends later, and others follow', async () => {
    const { handle, calls, release } = held();
    await test.work(handle);
    await test.queue.add({ runId: 'a' });
    await eventually('it runs', () => calls.length === 1);
    await test.running.server.kill('SIGKILL');
    release();
    await test.running.server.restart();
    await eventually('it accepts jobs', () => test.queue.add({ runId: 'b' }).then(() => true));
    await test.ended();
    expect(calls.length).toBeGreaterThan(0);
  });

  it('may be full: jobs go on when it is not', async () => {
    const done = new Set<string>();
    const ids = Array.from({ length: 50 }, (_, at) => `r${at}`);
    await Promise.all(ids.map((runId) => test.queue.add({ runId })));
    await test.redis.config('SET', 'maxmemory', '1');
    await test.redis.config('RESETSTAT');
    await test.work(
      async ({ runId }) => {
        done.add(runId);
        return 'done';
      },
      { concurrency: 5 },
    );
    await eventually('the worker meets it', () => test.logged.text().includes('OOM'));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const [, rejections] = /^errorstat_OOM:count=(\d+)/m.exec(await test.redis.info('errorstats')) ?? [];
    // It would be thousands without a pause between them.
    expect(Number(rejections)).toBeLessThan(20);
    await test.redis.config('SET', 'maxmemory', '0');
    await test.ended();
    expect([...done].sort()).toEqual(ids.sort());
  });

  it('may be unreachable at the start: jobs are taken once it is there', async () => {
    await test.running.server.kill('SIGKILL');
    await eventually('the loss is noticed', () => test.redis.status !== 'ready');
    const done: string[] = [];
    const connection = test.running.begin(true);
    test.workOn(connection, async ({ runId }) => {
      done.push(runId);
      return 'done';
    });
    await eventually('the worker is refused', () => connection.status === 'reconnecting');
    await test.running.server.restart();
    await eventually('it accepts jobs', () => test.queue.add({ runId: 'a' }).then(() => true));
    await test.ended();
    expect(done).toEqual(['a']);
  });
});

describe('telemetry', () => {
  it('carries the request and a link to its trace to the handler', async () => {
    const context = { requestId: 'req_1', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    const seen: unknown[] = [];
    await test.work(async () => {
      seen.push(logContext());
      return 'done';
    });
    await withLogContext(context, () => test.queue.add({ runId: 'a' }));
    await test.ended();
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
    await test.work(async ({ runId }) => {
      if (runId === 'bad') throw new Error('no');
      return 'done';
    });
    await test.queue.add({ runId: 'later' }, { delayMs: 60_000 });
    await test.queue.add({ runId: 'bad' });
    await eventually('it has failed', async () => (await test.queue.counts()).failed === 1);
    const text = await metricsText();
    expect(text).toContain('xerotier_queue_jobs{queue="runs",state="delayed"} 1');
    expect(text).toContain('xerotier_queue_jobs{queue="runs",state="failed"} 1');
    expect(text).toMatch(/xerotier_job_duration_seconds_count\{queue="runs",outcome="failed"\} [1-9]/);
  });
});
