import { eventually } from '@xerotier/testing';
import { once } from 'node:events';
import { aborted, held, idle, runningWorkers } from '../test/running-worker.ts';

const LOCK_KEY = 'bull:{q-runs}:a:lock';

const test = runningWorkers();

describe('a lost lock', () => {
  it('aborts the signal, and another call does the work', async () => {
    const { handle, calls, release } = held();
    await test.work(handle);
    await test.queue.add({ runId: 'a' });
    await eventually('it runs', () => calls.length === 1);
    await test.redis.del(LOCK_KEY);
    await aborted(calls[0]);
    expect((calls[0]?.signal.reason as Error).message).toBe('The job has lost its lock.');
    release();
    await test.ended();
    expect(calls).toHaveLength(2);
    expect(test.logged.text()).toContain('job lost its lock');
  });

  it('leaves alone what ends only when the service stops', async () => {
    const { handle, calls, release } = held();
    const worker = await test.work(handle);
    await test.queue.add({ runId: 'a' });
    await eventually('it runs', () => calls.length === 1);
    await test.redis.del(LOCK_KEY);
    await aborted(calls[0]);
    expect(calls[0]?.stopping.aborted).toBe(false);
    const stopped = worker.stop(AbortSignal.abort());
    expect(calls[0]?.stopping.aborted).toBe(true);
    release();
    await stopped;
  });

  it('leads to no second call in the same process before the first has ended', async () => {
    const { handle, calls, release } = held();
    await test.work(handle, { concurrency: 2 });
    await test.queue.add({ runId: 'a' });
    await eventually('it runs', () => calls.length === 1);
    await test.redis.del(LOCK_KEY);
    await eventually('it was taken, and put off', async () => (await test.queue.counts()).delayed === 1);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.signal.aborted).toBe(true);
    release();
    await test.ended();
    expect(calls).toHaveLength(2);
    expect(test.logged.text()).toContain('job lost its lock');
  });

  it.each([
    // On a busy machine it may be noticed before the result arrives.
    ['before it is noticed', 'early', /Missing lock for job a|job lost its lock/],
    ['after that', 'late', /job lost its lock/],
  ])('lets another worker take the job, and the result of the first counts for nothing: %s', async (...row) => {
    const [, whenReleased, line] = row;
    const first = held();
    await test.work(first.handle);
    await test.queue.add({ runId: 'a' });
    await eventually('it runs', () => first.calls.length === 1);
    const second: string[] = [];
    await test.work(async (_, { jobId }) => {
      second.push(jobId);
      return { continueAfterMs: 60_000 };
    });
    await test.redis.del(LOCK_KEY);
    await eventually('the other one has it', async () => (await test.queue.counts()).delayed === 1);
    if (whenReleased === 'late') await aborted(first.calls[0]);
    first.release();
    await eventually('the first one has ended', () => line.test(test.logged.text()));
    expect(second).toEqual(['a']);
    expect(await test.queue.counts()).toEqual({ ...idle, delayed: 1 });
  });

  it('is assumed when Redis is silent for as long as a lock lasts', async () => {
    const { handle, calls, release } = held();
    await test.work(handle);
    await test.queue.add({ runId: 'a' });
    await eventually('it runs', () => calls.length === 1);
    process.kill(test.running.server.pid as number, 'SIGSTOP');
    try {
      await aborted(calls[0]);
      expect((calls[0]?.signal.reason as Error).message).toBe('Redis does not confirm the lock of the job.');
    } finally {
      process.kill(test.running.server.pid as number, 'SIGCONT');
      release();
    }
    await test.ended();
  });

  it('is none while the handler runs for many times as long as the lock', async () => {
    let aborted = true;
    let calls = 0;
    await test.work(
      async (_, { signal }) => {
        calls += 1;
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        aborted = signal.aborted;
        return 'done';
      },
      { lockMs: 400, stalledCheckMs: 100 },
    );
    await test.queue.add({ runId: 'a' });
    await test.ended();
    expect([calls, aborted]).toEqual([1, false]);
  });

  it('too often is a failure', async () => {
    const aborts: Promise<unknown>[] = [];
    await test.work(
      async (_, { signal }) => {
        await test.redis.del(LOCK_KEY);
        const abort = once(signal, 'abort');
        aborts.push(abort);
        await abort;
        return 'done';
      },
      { stallsMax: 1 },
    );
    await test.queue.add({ runId: 'a' });
    await eventually('it has failed', async () => (await test.queue.counts()).failed === 1);
    expect(aborts).toHaveLength(2);
    expect([...(await test.queue.failedBefore(Date.now() + 1_000))]).toEqual(['a']);
    expect([...(await test.queue.failedBefore(Date.now() - 60_000))]).toEqual([]);
    await eventually('it is logged', () => test.logged.text().includes('job stalled more than allowable limit'));
  });
});
