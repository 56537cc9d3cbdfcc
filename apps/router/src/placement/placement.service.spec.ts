import type { AcquireInput, AcquireOutput } from '@xerotier/contracts/router';
import type { WorkerState } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import { silentLog } from '@xerotier/log/testing';
import fc from 'fast-check';
import { LeaseTable } from '../fleet/lease-table.ts';
import { LeastLoadedPolicy } from './least-loaded.policy.ts';
import { PlacementService } from './placement.service.ts';
import type { PlacementLimits } from './placement.service.ts';

let tickets = 0;

function aRequest(overrides: Partial<AcquireInput> = {}): AcquireInput {
  tickets += 1;
  return {
    ticketId: `ticket-${tickets}`,
    requestId: `req-${tickets}`,
    modelId: 'm',
    projectId: 'proj_a',
    tier: 'free',
    priority: 'interactive',
    promptTokensEstimate: 1,
    excludedWorkers: [],
    waitMs: 0,
    deadlineMs: 30_000,
    ...overrides,
  };
}

function aWorker(overrides: Partial<WorkerState> = {}): WorkerState {
  return {
    workerId: 'w1',
    modelId: 'm',
    engine: 'scripted',
    slots: 1,
    active: [],
    contextTokens: 100,
    draining: false,
    startedAt: 1,
    ...overrides,
  };
}

/** A placement whose clock only advances by `pass`. */
function newPlacement(limits: Partial<PlacementLimits> = {}): { sut: PlacementService; pass: (ms: number) => void } {
  let now = 0;
  const sut = new PlacementService(new LeaseTable(), new LeastLoadedPolicy(), silentLog(), limits, () => now);
  return { sut, pass: (ms) => ((now += ms), sut.sweep()) };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => AppError.from(error).code,
  );
}

function granted(output: AcquireOutput): { leaseId: string; workerId: string } {
  if (output.status !== 'granted') throw new Error('not granted');
  return output;
}

describe('PlacementService.acquire', () => {
  it('grants a free slot at once', async () => {
    const { sut } = newPlacement();
    sut.onHeartbeat(aWorker());
    expect(await sut.acquire(aRequest())).toMatchObject({ status: 'granted', workerId: 'w1' });
  });

  it('rejects a model without workers', async () => {
    const { sut } = newPlacement();
    expect(await codeOf(sut.acquire(aRequest({ modelId: 'unknown' })))).toBe('router.no_worker');
  });

  it('keeps requests waiting for a time after the last worker left, then rejects them', async () => {
    const { sut, pass } = newPlacement();
    sut.onHeartbeat(aWorker());
    sut.onWorkerLeft('w1');
    const waiting = sut.acquire(aRequest({ waitMs: 5_000 }));
    sut.onHeartbeat(aWorker({ workerId: 'w2' }));
    expect(granted(await waiting).workerId).toBe('w2');
    sut.onWorkerLeft('w2');
    const rejection = codeOf(sut.acquire(aRequest({ waitMs: 5_000 })));
    pass(15_000);
    expect(await rejection).toBe('router.no_worker');
  });

  it('places no request on a worker with an unavailable engine', async () => {
    const { sut } = newPlacement();
    sut.onHeartbeat(aWorker({ available: false }));
    sut.onHeartbeat(aWorker({ workerId: 'w2', slots: 4 }));
    for (let i = 0; i < 4; i += 1) expect(granted(await sut.acquire(aRequest())).workerId).toBe('w2');
    const last = aRequest();
    expect(await sut.acquire(last)).toMatchObject({ status: 'queued' });
    sut.onHeartbeat(aWorker({ available: true }));
    expect(granted(await sut.acquire(last)).workerId).toBe('w1');
  });

  it('rejects with engine_unavailable after waiting for an unavailable engine', async () => {
    const { sut, pass } = newPlacement({ workerAbsenceMs: 2_000 });
    sut.onHeartbeat(aWorker({ available: false }));
    expect(await codeOf(sut.acquire(aRequest()))).toBe('inference.engine_unavailable');
    sut.onHeartbeat(aWorker({ available: true }));
    sut.onHeartbeat(aWorker({ available: false }));
    const waiting = sut.acquire(aRequest({ waitMs: 5_000 }));
    sut.onHeartbeat(aWorker({ available: true }));
    expect(granted(await waiting).workerId).toBe('w1');
    sut.onHeartbeat(aWorker({ available: false }));
    const rejection = codeOf(sut.acquire(aRequest({ waitMs: 5_000 })));
    pass(2_000);
    expect(await rejection).toBe('inference.engine_unavailable');
  });

  it('uses an excluded worker when the engine of the other is unavailable', async () => {
    const { sut } = newPlacement();
    sut.onHeartbeat(aWorker());
    sut.onHeartbeat(aWorker({ workerId: 'w2', available: false }));
    expect(granted(await sut.acquire(aRequest({ excludedWorkers: ['w1'] }))).workerId).toBe('w1');
  });

  it('balances by the share of slots in use', async () => {
    const { sut } = newPlacement();
    sut.onHeartbeat(aWorker({ workerId: 'small', slots: 2 }));
    sut.onHeartbeat(aWorker({ workerId: 'large', slots: 6 }));
    const counts = { small: 0, large: 0 };
    for (let i = 0; i < 8; i += 1) counts[granted(await sut.acquire(aRequest())).workerId as keyof typeof counts] += 1;
    expect(counts).toEqual({ small: 2, large: 6 });
  });

  it('leaves a slot of a worker to interactive requests while a batch waits for more', async () => {
    const { sut } = newPlacement();
    sut.onHeartbeat(aWorker({ slots: 2 }));
    const line = granted(await sut.acquire(aRequest({ priority: 'batch' })));
    const waiting = aRequest({ priority: 'batch' });
    expect(await sut.acquire(waiting)).toMatchObject({ status: 'queued' });
    expect(await sut.acquire(aRequest())).toMatchObject({ status: 'granted' });
    sut.release('w1', line.leaseId, false);
    expect(await sut.acquire(waiting)).toMatchObject({ status: 'queued' });
  });

  it('gives a batch the slot of another worker when one has none to spare', async () => {
    const { sut } = newPlacement();
    sut.onHeartbeat(aWorker({ slots: 2 }));
    sut.onHeartbeat(aWorker({ workerId: 'w2', slots: 2 }));
    const workers = [];
    for (let i = 0; i < 2; i += 1) workers.push(granted(await sut.acquire(aRequest({ priority: 'batch' }))).workerId);
    expect(workers.sort()).toEqual(['w1', 'w2']);
    expect(await sut.acquire(aRequest({ priority: 'batch' }))).toMatchObject({ status: 'queued' });
  });

  it('returns the position in the queue while no slot is free, and the grant on a retry', async () => {
    const { sut } = newPlacement();
    sut.onHeartbeat(aWorker());
    const first = granted(await sut.acquire(aRequest()));
    const second = aRequest();
    expect(await sut.acquire(second)).toEqual({ status: 'queued', position: 1 });
    expect(await sut.acquire(aRequest())).toEqual({ status: 'queued', position: 2 });
    sut.release('w1', first.leaseId, false);
    expect(await sut.acquire(second)).toMatchObject({ status: 'granted', workerId: 'w1' });
  });

  it('resolves a waiting request as soon as a slot is free', async () => {
    const { sut } = newPlacement();
    sut.onHeartbeat(aWorker());
    const first = granted(await sut.acquire(aRequest()));
    const waiting = sut.acquire(aRequest({ waitMs: 5_000 }));
    sut.release('w1', first.leaseId, false);
    expect(await waiting).toMatchObject({ status: 'granted' });
  });

  it('serves by priority, then by arrival', async () => {
    const { sut } = newPlacement();
    sut.onHeartbeat(aWorker());
    let lease = granted(await sut.acquire(aRequest())).leaseId;
    const order: string[] = [];
    const queued = (['background', 'batch', 'interactive', 'interactive'] as const).map((priority, i) =>
      sut.acquire(aRequest({ priority, waitMs: 5_000 })).then((output) => {
        order.push(`${priority} ${i}`);
        lease = granted(output).leaseId;
      }),
    );
    for (const _ of queued) {
      sut.release('w1', lease, false);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(order).toEqual(['interactive 2', 'interactive 3', 'batch 1', 'background 0']);
  });

  it('rejects when the queue is full', async () => {
    const { sut } = newPlacement({ queueLengthMax: 1 });
    sut.onHeartbeat(aWorker());
    await sut.acquire(aRequest());
    await sut.acquire(aRequest());
    expect(await codeOf(sut.acquire(aRequest()))).toBe('router.queue_full');
  });

  it('rejects when the deadline passes in the queue', async () => {
    const { sut, pass } = newPlacement({ workerAbsenceMs: 60_000 });
    sut.onHeartbeat(aWorker());
    await sut.acquire(aRequest());
    const waiting = codeOf(sut.acquire(aRequest({ waitMs: 5_000, deadlineMs: 1_000 })));
    pass(1_001);
    expect(await waiting).toBe('router.queue_timeout');
  });

  it('rejects with engine_unavailable when the deadline passes while no engine is available', async () => {
    const { sut, pass } = newPlacement({ workerAbsenceMs: 60_000 });
    sut.onHeartbeat(aWorker());
    sut.onHeartbeat(aWorker({ available: false }));
    const waiting = codeOf(sut.acquire(aRequest({ waitMs: 5_000, deadlineMs: 1_000 })));
    pass(1_001);
    expect(await waiting).toBe('inference.engine_unavailable');
  });

  it.each([
    [true, 'router.queue_timeout'],
    [false, 'inference.engine_unavailable'],
  ])('rejects a caller that waits until its deadline, with an available engine: %j', async (available, code) => {
    const { sut } = newPlacement();
    sut.onHeartbeat(aWorker());
    await sut.acquire(aRequest());
    sut.onHeartbeat(aWorker({ available }));
    expect(await codeOf(sut.acquire(aRequest({ waitMs: 20, deadlineMs: 20 })))).toBe(code);
  });

  it('rejects a caller that waits until its deadline, whose first call arrived late', async () => {
    const { sut } = newPlacement();
    sut.onHeartbeat(aWorker());
    sut.onHeartbeat(aWorker({ available: false }));
    const request = aRequest({ deadlineMs: 100 });
    expect(await sut.acquire(request)).toEqual({ status: 'queued', position: 1 });
    expect(await codeOf(sut.acquire({ ...request, waitMs: 20, deadlineMs: 20 }))).toBe('inference.engine_unavailable');
  });

  it('gives the position of a caller that stopped retrying to the next', async () => {
    const { sut, pass } = newPlacement({ workerAbsenceMs: 60_000 });
    sut.onHeartbeat(aWorker());
    const first = granted(await sut.acquire(aRequest()));
    await sut.acquire(aRequest());
    pass(2_500);
    expect(sut.queued).toBe(0);
    sut.onHeartbeat(aWorker({ active: [first.leaseId] }));
    const next = sut.acquire(aRequest({ waitMs: 5_000 }));
    sut.release('w1', first.leaseId, false);
    expect(await next).toMatchObject({ status: 'granted' });
  });

  it('avoids workers that failed the request while there are others', async () => {
    const { sut } = newPlacement();
    sut.onHeartbeat(aWorker());
    expect(granted(await sut.acquire(aRequest({ excludedWorkers: ['w1'] }))).workerId).toBe('w1');
    sut.onHeartbeat(aWorker({ workerId: 'w2' }));
    expect(granted(await sut.acquire(aRequest({ excludedWorkers: ['w1'] }))).workerId).toBe('w2');
    expect(await sut.acquire(aRequest({ excludedWorkers: ['w1'] }))).toMatchObject({ status: 'queued' });
  });

  it('grants no slot of a worker that drains, timed out or lost a request, until its next heartbeat', async () => {
    const { sut, pass } = newPlacement();
    sut.onHeartbeat(aWorker({ draining: true }));
    expect(await codeOf(sut.acquire(aRequest()))).toBe('router.no_worker');
    sut.onHeartbeat(aWorker());
    const lease = granted(await sut.acquire(aRequest()));
    sut.release('w1', lease.leaseId, true);
    expect(await sut.acquire(aRequest())).toMatchObject({ status: 'queued' });
    sut.onHeartbeat(aWorker());
    pass(3_001);
    expect(await sut.acquire(aRequest())).toMatchObject({ status: 'queued' });
  });
});

describe('a waiting request', () => {
  it('is replaced when its caller retries', async () => {
    const { sut } = newPlacement();
    sut.onHeartbeat(aWorker());
    const first = granted(await sut.acquire(aRequest()));
    const request = aRequest({ waitMs: 5_000 });
    const superseded = sut.acquire(request);
    const retried = sut.acquire(request);
    expect(await superseded).toEqual({ status: 'queued', position: 1 });
    expect(sut.queued).toBe(1);
    sut.release('w1', first.leaseId, false);
    expect(await retried).toMatchObject({ status: 'granted' });
  });

  it('resolves with its position after waitMs', async () => {
    const { sut } = newPlacement();
    sut.onHeartbeat(aWorker());
    await sut.acquire(aRequest());
    expect(await sut.acquire(aRequest({ waitMs: 1 }))).toEqual({ status: 'queued', position: 1 });
  });

  it('resolves on shutdown, so that its caller retries at another router', async () => {
    const { sut } = newPlacement();
    sut.onHeartbeat(aWorker());
    await sut.acquire(aRequest());
    const waiting = [sut.acquire(aRequest({ waitMs: 5_000 })), sut.acquire(aRequest({ waitMs: 5_000 }))];
    sut.dismissAll();
    expect(await Promise.all(waiting)).toEqual([
      { status: 'queued', position: 1 },
      { status: 'queued', position: 2 },
    ]);
  });

  it('does not block a request for another model', async () => {
    const { sut } = newPlacement();
    sut.onHeartbeat(aWorker());
    sut.onHeartbeat(aWorker({ workerId: 'w2', modelId: 'other' }));
    await sut.acquire(aRequest());
    void sut.acquire(aRequest());
    expect(await sut.acquire(aRequest({ modelId: 'other' }))).toMatchObject({ status: 'granted', workerId: 'w2' });
  });
});

describe('a slot that is granted between retries', () => {
  it('is returned when its caller retries in time', async () => {
    const { sut, pass } = newPlacement({ workerAbsenceMs: 60_000 });
    sut.onHeartbeat(aWorker());
    const first = granted(await sut.acquire(aRequest()));
    const request = aRequest();
    await sut.acquire(request);
    sut.release('w1', first.leaseId, false);
    pass(1_900);
    expect(await sut.acquire(request)).toMatchObject({ status: 'granted' });
  });

  it('goes to the next request when its caller does not retry', async () => {
    const { sut, pass } = newPlacement({ workerAbsenceMs: 60_000 });
    sut.onHeartbeat(aWorker());
    const first = granted(await sut.acquire(aRequest()));
    await sut.acquire(aRequest());
    sut.release('w1', first.leaseId, false);
    const next = sut.acquire(aRequest({ waitMs: 5_000 }));
    pass(2_100);
    sut.onHeartbeat(aWorker());
    expect(await next).toMatchObject({ status: 'granted', workerId: 'w1' });
  });
});

describe('LeaseTable with random sequences of events', () => {
  type Step =
    | { do: 'acquire' }
    | { do: 'finish'; pick: number }
    | { do: 'beat' }
    | { do: 'forget'; pick: number }
    | { do: 'pass'; ms: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.constant<Step>({ do: 'acquire' }),
    fc.record({ do: fc.constant('finish' as const), pick: fc.nat() }),
    fc.constant<Step>({ do: 'beat' }),
    fc.record({ do: fc.constant('forget' as const), pick: fc.nat() }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 2_000 }) }),
  );

  it('never grants more slots than a worker has, and eventually frees all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), async (steps, slots) => {
        const { sut, pass } = newPlacement();
        // The leases that the worker really runs, and those whose caller died before using them.
        const running: string[] = [];
        const unused: string[] = [];
        const beat = (): void => sut.onHeartbeat(aWorker({ slots, active: [...running] }));
        beat();
        for (const next of steps) {
          if (next.do === 'beat') beat();
          if (next.do === 'pass') {
            pass(next.ms);
            beat();
          }
          if (next.do === 'acquire') {
            const output = await sut.acquire(aRequest({ deadlineMs: 1 }));
            if (output.status === 'granted') running.push(output.leaseId);
          }
          if (next.do === 'finish' && running.length > 0)
            sut.release('w1', running.splice(next.pick % running.length, 1)[0] as string, false);
          // The caller is killed and the worker ends the work without a release.
          if (next.do === 'forget' && running.length > 0)
            unused.push(running.splice(next.pick % running.length, 1)[0] as string);
          expect(running.length).toBeLessThanOrEqual(slots);
        }
        running.length = 0;
        for (let i = 0; i < 8; i += 1) {
          pass(1_000);
          beat();
        }
        const all = await Promise.all(Array.from({ length: slots }, () => sut.acquire(aRequest())));
        expect(all.every(({ status }) => status === 'granted')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
