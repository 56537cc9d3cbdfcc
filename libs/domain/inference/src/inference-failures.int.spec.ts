import { EXCLUDED_WORKERS_MAX } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import { eventually } from '@xerotier/testing';
import { clientFleets } from '../test/client-fleet.ts';
import { fails, isStuck, says, talksOn, usageOf } from '../test/fake-fleet.ts';
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
    'because it %s is replaced by another, and the client sees one answer',
    async (_, error, outcome) => {
      const { run, router, workers } = await newFleet({ workers: { a: fails(error), b: says('x') } });
      const placed: string[] = [];
      const { response } = run({}, { onPlaced: (workerId) => placed.push(workerId) });
      await response.over;
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

  it('because it is not there is replaced by another', async () => {
    const { run, router } = await newFleet({ workers: { b: says('x') } });
    router.workers = ['gone', 'b'];
    const { response } = run();
    await response.over;
    expect(response.heads).toEqual([{ workerId: 'b' }]);
    expect(router.released[0]).toMatchObject({ workerId: 'gone', outcome: 'lost' });
  });

  it('because it was killed is replaced by another', async () => {
    const liveness = { intervalMs: 50, silenceMs: 300 };
    const { run, workers, workerBuses } = await newFleet({
      workers: { a: isStuck, b: says('x') },
      client: { liveness },
    });
    const { response } = run();
    await eventually('it has the request', () => workers['a']?.running === 1);
    await workerBuses['a']?.connection.nats.close();
    await response.over;
    expect(response.heads).toEqual([{ workerId: 'b' }]);
    expect(response.order).toEqual(['start', 'choices', 'end']);
  });

  it('is not replaced when the request is at fault', async () => {
    const error = new AppError('request.unsupported_parameter', { param: 'tools', reason: 'no.' }, { param: 'tools' });
    const { run, workers } = await newFleet({ workers: { a: fails(error), b: says('x') } });
    const { response } = run();
    await response.over;
    expect(response.failure).toMatchObject({ code: 'request.unsupported_parameter', param: 'tools' });
    expect(workers['b']?.received).toEqual([]);
  });

  it('is replaced twice and no more', async () => {
    const broken = fails(new AppError('inference.engine_failed'));
    const { run, router } = await newFleet({ workers: { a: broken, b: broken, c: broken, d: says('x') } });
    const { response, requestId } = run();
    await response.over;
    expect(response.failure?.code).toBe('inference.engine_failed');
    expect(router.granted.map(({ workerId }) => workerId)).toEqual(['a', 'b', 'c']);
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'failed', timeToFirstTokenMs: null });
  });

  it('is replaced by as many others as reject the work without touching it', async () => {
    const rejecting = fails(new AppError('inference.engine_unavailable'));
    const { run, router } = await newFleet({
      workers: { a: rejecting, b: rejecting, c: rejecting, d: rejecting, e: says('x') },
    });
    const { response } = run();
    await response.over;
    expect(response.order).toEqual(['start', 'choices', 'end']);
    expect(router.acquired.at(-1)?.excludedWorkers).toEqual(['a', 'b', 'c', 'd']);
  });

  it('is not asked for ever when it goes on rejecting the work', async () => {
    const { run, router } = await newFleet({ workers: { a: fails(new AppError('worker.busy')) } });
    const { response } = run();
    await response.over;
    expect(response.failure).toMatchObject({ code: 'worker.busy', status: 503 });
    expect(router.granted).toHaveLength(EXCLUDED_WORKERS_MAX + 1);
    expect(router.acquired.at(-1)?.excludedWorkers).toEqual(['a']);
  });

  it('is not replaced for ever when everything fails: the retries at the same time are bounded', async () => {
    const broken: Script = async () => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      throw new AppError('inference.engine_failed');
    };
    const { run, router } = await newFleet({ workers: { a: broken, b: broken, c: broken } });
    const responses = Array.from({ length: 150 }, () => run().response);
    await Promise.all(responses.map(({ over }) => over));
    expect(responses.every(({ failure }) => failure?.code === 'inference.engine_failed')).toBe(true);
    // 150 first attempts; about half of them are tried a second and a third time, and not all of them.
    expect(router.granted.length).toBeGreaterThan(150 + 64);
    expect(router.granted.length).toBeLessThan(3 * 150 - 64);
  });

  it('is replaced also when its failure took longer than a request may wait for a slot', async () => {
    const slow: Script = async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      throw new AppError('inference.engine_failed');
    };
    const { run } = await newFleet({ workers: { a: slow, b: says('x') }, limits: { queueTimeoutMs: 200 } });
    const { response } = run();
    await response.over;
    expect(response.heads).toEqual([{ workerId: 'b' }]);
  });

  it('is replaced also when its server hung for longer than that', async () => {
    const hung: Script = async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      throw new AppError('inference.engine_unavailable');
    };
    const { run } = await newFleet({ workers: { a: hung, b: says('x') }, limits: { queueTimeoutMs: 200 } });
    const { response } = run();
    await response.over;
    expect(response.heads).toEqual([{ workerId: 'b' }]);
  });

  it('whose server is too busy is asked three times at most', async () => {
    const busy = new AppError('worker.busy', { upstreamStatus: 429 }, { retryAfterSeconds: 7 });
    const { run, router } = await newFleet({ workers: { a: fails(busy) } });
    const { response } = run();
    await response.over;
    expect(response.failure).toMatchObject({ code: 'worker.busy', retryAfterSeconds: 7 });
    expect(router.granted).toHaveLength(3);
  });

  it('is not replaced when the time for the whole response is over', async () => {
    const slow: Script = async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      throw new AppError('inference.engine_failed');
    };
    const limits = { queueTimeoutMs: 200, requestTimeoutMs: 300 };
    const { run, router } = await newFleet({ workers: { a: slow, b: says('x') }, limits });
    const { response } = run();
    await response.over;
    expect(response.failure?.code).toBe('inference.deadline_exceeded');
    expect(router.granted).toHaveLength(1);
  });
});

describe('a worker that fails after its first data', () => {
  it('ends the answer with an interruption, and no other worker is asked', async () => {
    const { run, router } = await newFleet({ workers: { a: fails(new AppError('worker.draining'), 3), b: says('x') } });
    const { response, requestId } = run();
    await response.over;
    expect(response.order).toEqual(['start', 'choices', 'error']);
    expect(response.frames).toBe(3);
    expect(response.failure).toMatchObject({ code: 'inference.interrupted', status: 503 });
    expect(router.granted).toHaveLength(1);
    // The first frame has the role and no token.
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'failed', usage: { completionTokens: 2 } });
  });

  it('because it was killed does the same', async () => {
    const liveness = { intervalMs: 50, silenceMs: 300 };
    const { run, workerBuses, router } = await newFleet({ workers: { a: talksOn }, client: { liveness } });
    const { response } = run();
    await eventually('it talks', () => response.frames > 3);
    await workerBuses['a']?.connection.nats.close();
    await response.over;
    expect(response.failure?.code).toBe('inference.interrupted');
    await eventually('the slot is free', () => router.released.length === 1);
    expect(router.released[0]?.outcome).toBe('lost');
  });

  it('is told as what it is when the engine failed, and what it counted is recorded', async () => {
    const error = new AppError('inference.engine_failed', { usage: usageOf(11) });
    const { run } = await newFleet({ workers: { a: fails(error, 2) } });
    const { response, requestId } = run();
    await response.over;
    expect(response.failure?.code).toBe('inference.engine_failed');
    expect(await recordOf(requestId)).toMatchObject({ outcome: 'failed', usage: usageOf(11) });
  });
});

describe('without a router', () => {
  it('any worker of the model takes the request', async () => {
    const { run, workers } = await newFleet({ workers: { a: says('x') }, router: 'absent', shared: true });
    const { response } = run();
    await response.over;
    expect(response.texts).toEqual({ 0: ['x'] });
    expect(workers['a']?.received[0]).not.toHaveProperty('leaseId');
  });

  it('a busy worker is asked again until it is free, however often', async () => {
    let rejections = 0;
    const busyAtFirst: Script = (...all) => {
      rejections += 1;
      if (rejections <= 6) throw new AppError(rejections % 2 === 0 ? 'worker.busy' : 'worker.draining');
      return says('x')(...all);
    };
    const { run } = await newFleet({ workers: { a: busyAtFirst }, router: 'absent', shared: true });
    const { response } = run();
    await response.over;
    expect(response.order).toEqual(['start', 'choices', 'end']);
  });

  it('a worker that stays busy is given up when the time to wait is over', async () => {
    const busy: Script = () => Promise.reject(new AppError('worker.busy'));
    const { run } = await newFleet({
      workers: { a: busy },
      router: 'absent',
      shared: true,
      limits: { queueTimeoutMs: 400 },
    });
    const { response } = run();
    await response.over;
    expect(response.failure).toMatchObject({ code: 'worker.busy', status: 503 });
  });

  it('and without a worker the request fails', async () => {
    const { run } = await newFleet({ router: 'absent' });
    const { response } = run();
    await response.over;
    expect(response.failure).toMatchObject({ code: 'bus.no_responders', status: 503 });
  });

  it('that answers in time, requests go past it for a while, and then it is asked again', async () => {
    const { run, router, workers } = await newFleet({ workers: { a: says('x') }, shared: true });
    router.silent = true;
    await run().response.over;
    expect(router.calls).toBe(1);
    await run().response.over;
    expect(router.calls).toBe(1);
    router.silent = false;
    await eventually('it is asked again', async () => {
      await run().response.over;
      return router.granted.length > 0;
    });
    expect(workers['a']?.received.filter(({ leaseId }) => leaseId !== undefined)).toHaveLength(1);
  });

  it('that came back after a request was queued at another, nothing is lost', async () => {
    const { run, router } = await newFleet({ workers: { a: says('x') }, shared: true });
    router.workers = [];
    const { response } = run();
    await eventually('it is queued', () => router.calls >= 2);
    router.silent = true;
    await response.over;
    expect(response.texts).toEqual({ 0: ['x'] });
  });
});

describe('a bus that is away', () => {
  it('is waited for shortly; then the request is refused, and still recorded once the bus is back', async () => {
    const { run, workers } = await newFleet({ workers: { a: says('x') } });
    await servers.nats.kill('SIGKILL');
    const { response, requestId } = run();
    await response.over;
    await servers.nats.restart();
    expect(response.failure?.code).toBe('bus.disconnected');
    expect(workers['a']?.received).toEqual([]);
    await expect(recordOf(requestId)).resolves.toMatchObject({ outcome: 'failed' });
  });
});
