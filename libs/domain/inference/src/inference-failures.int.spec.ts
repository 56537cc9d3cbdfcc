import { EXCLUDED_WORKERS_MAX } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import { eventually } from '@xerotier/testing';
import { clientFleets } from '../test/client-fleet.ts';
import { fails, hangs, responds, streamsUntilAborted, usageOf } from '../test/fake-fleet.ts';
import type { Script } from '../test/fake-fleet.ts';

const { servers, newFleet, recordOf } = clientFleets();

describe('a worker that fails before its first data', () => {
  const failures: [string, AppError, string][] = [
    ['is busy', new AppError('worker.busy'), 'lost'],
    ['is draining', new AppError('worker.draining'), 'lost'],
    ['has a broken engine', new AppError('inference.engine_failed'), 'failed'],
    ['has an engine that is unavailable', new AppError('inference.engine_unavailable'), 'lost'],
  ];

  it.each(failures)(
    'is replaced by another worker if it %s, transparently to the client',
    async (_, error, outcome) => {
      const { run, router, workers } = await newFleet({ workers: { a: fails(error), b: responds('x') } });
      const placed: string[] = [];
      const { response } = run({}, { onPlaced: (workerId) => placed.push(workerId) });
      await response.ended;
      expect(response.order).toEqual(['start', 'choices', 'end']);
      expect(response.heads).toEqual([{ workerId: 'b' }]);
      expect(placed).toEqual(['a', 'b']);
      expect(router.acquired.map(({ excludedWorkers }) => excludedWorkers)).toEqual([[], ['a']]);
      expect(new Set(router.acquired.map(({ ticketId }) => ticketId)).size).toBe(2);
      expect(workers['a']?.received).toHaveLength(1);
      await eventually('both slots are free', () => router.released.length === 2);
      expect(router.released.map((lease) => lease.outcome)).toEqual([outcome, 'done']);
    },
  );

  it('is replaced by another worker if it has no subscription', async () => {
    const { run, router } = await newFleet({ workers: { b: responds('x') } });
    router.workers = ['gone', 'b'];
    const { response } = run();
    await response.ended;
    expect(response.heads).toEqual([{ workerId: 'b' }]);
    expect(router.released[0]).toMatchObject({ workerId: 'gone', outcome: 'lost' });
  });

  it('is replaced until one has a subscription, however many of a fleet are gone at once', async () => {
    const { run, router } = await newFleet({ workers: { b: responds('x') } });
    const gone = ['gone-1', 'gone-2', 'gone-3', 'gone-4', 'gone-5'];
    router.workers = [...gone, 'b'];
    const { response } = run();
    await response.ended;
    expect(response.heads).toEqual([{ workerId: 'b' }]);
    expect(router.acquired.map(({ excludedWorkers }) => excludedWorkers.length)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('is replaced by another worker if it was killed', async () => {
    const liveness = { intervalMs: 50, silenceMs: 300 };
    const { run, workers, workerBuses } = await newFleet({
      workers: { a: hangs, b: responds('x') },
      client: { liveness },
    });
    const { response } = run();
    await eventually('it has the request', () => workers['a']?.running === 1);
    await workerBuses['a']?.connection.nats.close();
    await response.ended;
    expect(response.heads).toEqual([{ workerId: 'b' }]);
    expect(response.order).toEqual(['start', 'choices', 'end']);
  });

  it('is not replaced if the request is at fault', async () => {
    const error = new AppError('request.unsupported_parameter', { param: 'tools', reason: 'no.' }, { param: 'tools' });
    const { run, workers } = await newFleet({ workers: { a: fails(error), b: responds('x') } });
    const { response } = run();
    await response.ended;
    expect(response.failure).toMatchObject({ code: 'request.unsupported_parameter', param: 'tools' });
    expect(workers['b']?.received).toEqual([]);
  });

  it('is replaced at most twice', async () => {
    const broken = fails(new AppError('inference.engine_failed'));
    const { run, router } = await newFleet({ workers: { a: broken, b: broken, c: broken, d: responds('x') } });
    const { response, requestId } = run();
    await response.ended;
    expect(response.failure?.code).toBe('inference.engine_failed');
    expect(router.granted.map(({ workerId }) => workerId)).toEqual(['a', 'b', 'c']);
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'failed', timeToFirstTokenMs: null });
  });

  it('is replaced any number of times if workers reject the work', async () => {
    const rejecting = fails(new AppError('inference.engine_unavailable'));
    const { run, router } = await newFleet({
      workers: { a: rejecting, b: rejecting, c: rejecting, d: rejecting, e: responds('x') },
    });
    const { response } = run();
    await response.ended;
    expect(response.order).toEqual(['start', 'choices', 'end']);
    expect(router.acquired.at(-1)?.excludedWorkers).toEqual(['a', 'b', 'c', 'd']);
  });

  it('is tried a bounded number of times if it keeps rejecting the work', async () => {
    const { run, router } = await newFleet({ workers: { a: fails(new AppError('worker.busy')) } });
    const { response } = run();
    await response.ended;
    expect(response.failure).toMatchObject({ code: 'worker.busy', status: 503 });
    expect(router.granted).toHaveLength(EXCLUDED_WORKERS_MAX + 1);
    expect(router.acquired.at(-1)?.excludedWorkers).toEqual(['a']);
  });

  it('is not replaced beyond the retry budget if all workers fail', async () => {
    const broken: Script = async () => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      throw new AppError('inference.engine_failed');
    };
    const { run, router } = await newFleet({ workers: { a: broken, b: broken, c: broken } });
    const responses = Array.from({ length: 150 }, () => run().response);
    await Promise.all(responses.map(({ ended }) => ended));
    expect(responses.every(({ failure }) => failure?.code === 'inference.engine_failed')).toBe(true);
    // 150 first attempts, of which about half are retried once or twice.
    expect(router.granted.length).toBeGreaterThan(150 + 64);
    expect(router.granted.length).toBeLessThan(3 * 150 - 64);
  });

  it('is replaced even if its failure took longer than the queue timeout', async () => {
    const slow: Script = async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      throw new AppError('inference.engine_failed');
    };
    const { run } = await newFleet({ workers: { a: slow, b: responds('x') }, limits: { queueTimeoutMs: 200 } });
    const { response } = run();
    await response.ended;
    expect(response.heads).toEqual([{ workerId: 'b' }]);
  });

  it('is replaced even if its server hung for longer than the queue timeout', async () => {
    const hung: Script = async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      throw new AppError('inference.engine_unavailable');
    };
    const { run } = await newFleet({ workers: { a: hung, b: responds('x') }, limits: { queueTimeoutMs: 200 } });
    const { response } = run();
    await response.ended;
    expect(response.heads).toEqual([{ workerId: 'b' }]);
  });

  it('is tried at most three times if its server is overloaded', async () => {
    const busy = new AppError('worker.busy', { upstreamStatus: 429 }, { retryAfterSeconds: 7 });
    const { run, router } = await newFleet({ workers: { a: fails(busy) } });
    const { response } = run();
    await response.ended;
    expect(response.failure).toMatchObject({ code: 'worker.busy', retryAfterSeconds: 7 });
    expect(router.granted).toHaveLength(3);
  });

  it('is not replaced after the deadline of the request', async () => {
    const slow: Script = async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      throw new AppError('inference.engine_failed');
    };
    const limits = { queueTimeoutMs: 200, requestTimeoutMs: 300 };
    const { run, router } = await newFleet({ workers: { a: slow, b: responds('x') }, limits });
    const { response } = run();
    await response.ended;
    expect(response.failure?.code).toBe('inference.deadline_exceeded');
    expect(router.granted).toHaveLength(1);
  });
});

describe('a worker that fails after its first data', () => {
  it('ends the response with inference.interrupted, without a retry', async () => {
    const { run, router } = await newFleet({
      workers: { a: fails(new AppError('worker.draining'), 3), b: responds('x') },
    });
    const { response, requestId } = run();
    await response.ended;
    expect(response.order).toEqual(['start', 'choices', 'error']);
    expect(response.frames).toBe(3);
    expect(response.failure).toMatchObject({ code: 'inference.interrupted', status: 503 });
    expect(router.granted).toHaveLength(1);
    // The first frame has the role and no token.
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'failed', usage: { completionTokens: 2 } });
  });

  it('ends the response with inference.interrupted if it was killed', async () => {
    const liveness = { intervalMs: 50, silenceMs: 300 };
    const { run, workerBuses, router } = await newFleet({ workers: { a: streamsUntilAborted }, client: { liveness } });
    const { response } = run();
    await eventually('it streams', () => response.frames > 3);
    await workerBuses['a']?.connection.nats.close();
    await response.ended;
    expect(response.failure?.code).toBe('inference.interrupted');
    await eventually('the slot is free', () => router.released.length === 1);
    expect(router.released[0]?.outcome).toBe('lost');
  });

  it('ends the response with the error of the engine, and records the reported usage', async () => {
    const error = new AppError('inference.engine_failed', { usage: usageOf(11) });
    const { run } = await newFleet({ workers: { a: fails(error, 2) } });
    const { response, requestId } = run();
    await response.ended;
    expect(response.failure?.code).toBe('inference.engine_failed');
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'failed', usage: usageOf(11) });
  });
});

describe('without a router', () => {
  it('sends the request to any worker of the model', async () => {
    const { run, workers } = await newFleet({ workers: { a: responds('x') }, router: 'absent', shared: true });
    const { response } = run();
    await response.ended;
    expect(response.texts).toEqual({ 0: ['x'] });
    expect(workers['a']?.received[0]).not.toHaveProperty('leaseId');
  });

  it('retries on a busy worker until it is free', async () => {
    let rejections = 0;
    const busyAtFirst: Script = (...all) => {
      rejections += 1;
      if (rejections <= 6) throw new AppError(rejections % 2 === 0 ? 'worker.busy' : 'worker.draining');
      return responds('x')(...all);
    };
    const { run } = await newFleet({ workers: { a: busyAtFirst }, router: 'absent', shared: true });
    const { response } = run();
    await response.ended;
    expect(response.order).toEqual(['start', 'choices', 'end']);
  });

  it('stops retrying on a busy worker at the queue timeout', async () => {
    const busy: Script = () => Promise.reject(new AppError('worker.busy'));
    const { run } = await newFleet({
      workers: { a: busy },
      router: 'absent',
      shared: true,
      limits: { queueTimeoutMs: 400 },
    });
    const { response } = run();
    await response.ended;
    expect(response.failure).toMatchObject({ code: 'worker.busy', status: 503 });
  });

  it('fails without a worker', async () => {
    const { run } = await newFleet({ router: 'absent' });
    const { response } = run();
    await response.ended;
    expect(response.failure).toMatchObject({ code: 'bus.no_responders', status: 503 });
  });

  it('bypasses a router that timed out for a while, then tries it again', async () => {
    const { run, router, workers } = await newFleet({ workers: { a: responds('x') }, shared: true });
    router.unresponsive = true;
    await run().response.ended;
    expect(router.calls).toBe(1);
    await run().response.ended;
    expect(router.calls).toBe(1);
    router.unresponsive = false;
    await eventually('the router is tried again', async () => {
      await run().response.ended;
      return router.granted.length > 0;
    });
    expect(workers['a']?.received.filter(({ leaseId }) => leaseId !== undefined)).toHaveLength(1);
  });

  it('falls back to the shared subject for a queued request if the router times out', async () => {
    const { run, router } = await newFleet({ workers: { a: responds('x') }, shared: true });
    router.workers = [];
    const { response } = run();
    await eventually('it is queued', () => router.calls >= 2);
    router.unresponsive = true;
    await response.ended;
    expect(response.texts).toEqual({ 0: ['x'] });
  });
});

describe('while the bus is disconnected', () => {
  it('fails after a short wait, and records the request after a reconnect', async () => {
    const { run, workers } = await newFleet({ workers: { a: responds('x') } });
    await servers.nats.kill('SIGKILL');
    const { response, requestId } = run();
    await response.ended;
    await servers.nats.restart();
    expect(response.failure?.code).toBe('bus.disconnected');
    expect(workers['a']?.received).toEqual([]);
    await expect(recordOf(requestId)).resolves.toMatchObject({ outcome: 'failed' });
  });
});
