import { eventually } from '@xerotier/testing';
import { once } from 'node:events';
import { held, idle, runningWorkers } from '../test/running-worker.ts';

const test = runningWorkers();

describe('stop', () => {
  it('waits for a running handler, and takes no further job', async () => {
    const { handle, calls, release } = held();
    const worker = await test.work(handle);
    await test.queue.add({ runId: 'a' });
    await eventually('it runs', () => calls.length === 1);
    const stopped = worker.stop(AbortSignal.timeout(20_000));
    await test.queue.add({ runId: 'b' });
    release();
    await stopped;
    expect(calls.map(({ jobId }) => jobId)).toEqual(['a']);
    expect(calls[0]?.signal.aborted).toBe(false);
    expect(await test.queue.counts()).toEqual({ ...idle, waiting: 1 });
  });

  it('takes no job that is added to an idle worker', async () => {
    const taken: string[] = [];
    const worker = await test.work(async ({ runId }) => {
      taken.push(runId);
      return 'done';
    });
    await test.queue.add({ runId: 'a' });
    await test.ended();
    const stopped = worker.stop(AbortSignal.timeout(20_000));
    await test.queue.add({ runId: 'b' });
    await stopped;
    await test.queue.add({ runId: 'c' });
    expect(taken).toEqual(['a']);
    expect((await test.queue.counts()).waiting).toBe(2);
  });

  it.each([
    ['after its own deadline', { drainMs: 50 }, () => new AbortController().signal],
    ['with the signal that it is given', {}, () => AbortSignal.timeout(100)],
  ])('aborts a handler %s, whose job waits for another worker at once', async (_, settings, signalOf) => {
    const started = Promise.withResolvers<void>();
    // Nobody looks for jobs without a lock here: it is given back.
    const slow = { lockMs: 60_000, stalledCheckMs: 60_000 };
    const worker = await test.work(
      async (__, { signal }) => {
        started.resolve();
        await once(signal, 'abort');
        signal.throwIfAborted();
        return 'done';
      },
      { ...slow, ...settings },
    );
    await test.queue.add({ runId: 'a' });
    await started.promise;
    await worker.stop(signalOf());
    expect(await test.queue.counts()).toEqual({ ...idle, waiting: 1 });
    const { handle, calls } = held();
    const next = await test.work(async (job, call) => {
      calls.push(call);
      return handle(job, call);
    });
    await test.ended();
    expect(calls.length).toBeGreaterThan(0);
    await next.stop(AbortSignal.timeout(5_000));
  });

  it('ends without a handler that does not, whose job is repeated when its lock expires', async () => {
    const started = Promise.withResolvers<void>();
    const worker = await test.work(async () => {
      started.resolve();
      return new Promise<never>(() => undefined);
    });
    await test.queue.add({ runId: 'a' });
    await started.promise;
    await worker.stop(AbortSignal.abort());
    test.forget();
    const again = held();
    again.release();
    await test.work(again.handle);
    await eventually('it is repeated', () => again.calls.length === 1);
    await test.ended();
  });

  it('does not wait for a Redis that is away', async () => {
    const worker = await test.work(async () => 'done');
    await test.queue.add({ runId: 'a' });
    await test.ended();
    await test.running.server.kill('SIGKILL');
    await eventually('the loss is noticed', () => test.redis.status !== 'ready');
    await worker.stop(new AbortController().signal);
    test.forget();
    await test.running.server.restart();
  });
});
