import type { AcquireInput, AcquireOutput } from '@xerotier/contracts/router';
import type { WorkerState } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import { silentLog } from '@xerotier/log/testing';
import fc from 'fast-check';
import { SlotLedger } from '../fleet/slot-ledger.ts';
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

/** A placement whose time stands still until it is moved. */
function newPlacement(limits: Partial<PlacementLimits> = {}): { sut: PlacementService; pass: (ms: number) => void } {
  let now = 0;
  const sut = new PlacementService(new SlotLedger(), new LeastLoadedPolicy(), silentLog(), limits, () => now);
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
    sut.heard(aWorker());
    expect(await sut.acquire(aRequest())).toMatchObject({ status: 'granted', workerId: 'w1' });
  });

  it('refuses a model that nobody serves', async () => {
    const { sut } = newPlacement();
    expect(await codeOf(sut.acquire(aRequest({ modelId: 'unknown' })))).toBe('router.no_worker');
  });

  it('keeps waiting requests for a while when the last worker of a model is gone, then refuses them', async () => {
    const { sut, pass } = newPlacement();
    sut.heard(aWorker());
    sut.left('w1');
    const waiting = sut.acquire(aRequest({ waitMs: 5_000 }));
    sut.heard(aWorker({ workerId: 'w2' }));
    expect(granted(await waiting).workerId).toBe('w2');
    sut.left('w2');
    const hopeless = codeOf(sut.acquire(aRequest({ waitMs: 5_000 })));
    pass(15_000);
    expect(await hopeless).toBe('router.no_worker');
  });

  it('places nothing on a worker whose engine is unavailable', async () => {
    const { sut } = newPlacement();
    sut.heard(aWorker({ available: false }));
    sut.heard(aWorker({ workerId: 'w2', slots: 4 }));
    for (let i = 0; i < 4; i += 1) expect(granted(await sut.acquire(aRequest())).workerId).toBe('w2');
    const last = aRequest();
    expect(await sut.acquire(last)).toMatchObject({ status: 'queued' });
    sut.heard(aWorker({ available: true }));
    expect(granted(await sut.acquire(last)).workerId).toBe('w1');
  });

  it('says that the engines of a model are unavailable, once it has waited for one of them', async () => {
    const { sut, pass } = newPlacement({ workerAbsenceMs: 2_000 });
    sut.heard(aWorker({ available: false }));
    expect(await codeOf(sut.acquire(aRequest()))).toBe('inference.engine_unavailable');
    sut.heard(aWorker({ available: true }));
    sut.heard(aWorker({ available: false }));
    const patient = sut.acquire(aRequest({ waitMs: 5_000 }));
    sut.heard(aWorker({ available: true }));
    expect(granted(await patient).workerId).toBe('w1');
    sut.heard(aWorker({ available: false }));
    const hopeless = codeOf(sut.acquire(aRequest({ waitMs: 5_000 })));
    pass(2_000);
    expect(await hopeless).toBe('inference.engine_unavailable');
  });

  it('lets a worker that excluded another have the request, unless its engine is unavailable', async () => {
    const { sut } = newPlacement();
    sut.heard(aWorker());
    sut.heard(aWorker({ workerId: 'w2', available: false }));
    expect(granted(await sut.acquire(aRequest({ excludedWorkers: ['w1'] }))).workerId).toBe('w1');
  });

  it('spreads over workers by the share of slots that is taken', async () => {
    const { sut } = newPlacement();
    sut.heard(aWorker({ workerId: 'small', slots: 2 }));
    sut.heard(aWorker({ workerId: 'large', slots: 6 }));
    const counts = { small: 0, large: 0 };
    for (let i = 0; i < 8; i += 1) counts[granted(await sut.acquire(aRequest())).workerId as keyof typeof counts] += 1;
    expect(counts).toEqual({ small: 2, large: 6 });
  });

  it('answers with the place in the queue while no slot is free, and finds the grant when asked again', async () => {
    const { sut } = newPlacement();
    sut.heard(aWorker());
    const first = granted(await sut.acquire(aRequest()));
    const second = aRequest();
    expect(await sut.acquire(second)).toEqual({ status: 'queued', position: 1 });
    expect(await sut.acquire(aRequest())).toEqual({ status: 'queued', position: 2 });
    sut.release('w1', first.leaseId, false);
    expect(await sut.acquire(second)).toMatchObject({ status: 'granted', workerId: 'w1' });
  });

  it('answers an open question as soon as a slot is free', async () => {
    const { sut } = newPlacement();
    sut.heard(aWorker());
    const first = granted(await sut.acquire(aRequest()));
    const waiting = sut.acquire(aRequest({ waitMs: 5_000 }));
    sut.release('w1', first.leaseId, false);
    expect(await waiting).toMatchObject({ status: 'granted' });
  });

  it('lets urgent work go first, and equal work in the order of its arrival', async () => {
    const { sut } = newPlacement();
    sut.heard(aWorker());
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

  it('refuses when the queue is full', async () => {
    const { sut } = newPlacement({ queueLengthMax: 1 });
    sut.heard(aWorker());
    await sut.acquire(aRequest());
    await sut.acquire(aRequest());
    expect(await codeOf(sut.acquire(aRequest()))).toBe('router.queue_full');
  });

  it('refuses when the deadline passes in the queue', async () => {
    const { sut, pass } = newPlacement({ workerAbsenceMs: 60_000 });
    sut.heard(aWorker());
    await sut.acquire(aRequest());
    const waiting = codeOf(sut.acquire(aRequest({ waitMs: 5_000, deadlineMs: 1_000 })));
    pass(1_001);
    expect(await waiting).toBe('router.queue_timeout');
  });

  it('gives the place of a caller that stopped asking to the next', async () => {
    const { sut, pass } = newPlacement({ workerAbsenceMs: 60_000 });
    sut.heard(aWorker());
    const first = granted(await sut.acquire(aRequest()));
    await sut.acquire(aRequest());
    pass(2_500);
    expect(sut.queued).toBe(0);
    sut.heard(aWorker({ active: [first.leaseId] }));
    const next = sut.acquire(aRequest({ waitMs: 5_000 }));
    sut.release('w1', first.leaseId, false);
    expect(await next).toMatchObject({ status: 'granted' });
  });

  it('avoids workers that failed the request while there are others, and uses them when there are none', async () => {
    const { sut } = newPlacement();
    sut.heard(aWorker());
    expect(granted(await sut.acquire(aRequest({ excludedWorkers: ['w1'] }))).workerId).toBe('w1');
    sut.heard(aWorker({ workerId: 'w2' }));
    expect(granted(await sut.acquire(aRequest({ excludedWorkers: ['w1'] }))).workerId).toBe('w2');
    expect(await sut.acquire(aRequest({ excludedWorkers: ['w1'] }))).toMatchObject({ status: 'queued' });
  });

  it('grants nothing on a worker that drains, went silent, or lost a request until it is heard again', async () => {
    const { sut, pass } = newPlacement();
    sut.heard(aWorker({ draining: true }));
    expect(await codeOf(sut.acquire(aRequest()))).toBe('router.no_worker');
    sut.heard(aWorker());
    const lease = granted(await sut.acquire(aRequest()));
    sut.release('w1', lease.leaseId, true);
    expect(await sut.acquire(aRequest())).toMatchObject({ status: 'queued' });
    sut.heard(aWorker());
    pass(3_001);
    expect(await sut.acquire(aRequest())).toMatchObject({ status: 'queued' });
  });
});

describe('a question that is held open', () => {
  it('is let go when its caller asks anew, and the new one is answered', async () => {
    const { sut } = newPlacement();
    sut.heard(aWorker());
    const first = granted(await sut.acquire(aRequest()));
    const request = aRequest({ waitMs: 5_000 });
    const old = sut.acquire(request);
    const anew = sut.acquire(request);
    expect(await old).toEqual({ status: 'queued', position: 1 });
    expect(sut.queued).toBe(1);
    sut.release('w1', first.leaseId, false);
    expect(await anew).toMatchObject({ status: 'granted' });
  });

  it('is answered with its place when its time is over', async () => {
    const { sut } = newPlacement();
    sut.heard(aWorker());
    await sut.acquire(aRequest());
    expect(await sut.acquire(aRequest({ waitMs: 1 }))).toEqual({ status: 'queued', position: 1 });
  });

  it('is answered when the router goes away, so that its caller asks another', async () => {
    const { sut } = newPlacement();
    sut.heard(aWorker());
    await sut.acquire(aRequest());
    const waiting = [sut.acquire(aRequest({ waitMs: 5_000 })), sut.acquire(aRequest({ waitMs: 5_000 }))];
    sut.dismissAll();
    expect(await Promise.all(waiting)).toEqual([
      { status: 'queued', position: 1 },
      { status: 'queued', position: 2 },
    ]);
  });

  it('of another model does not wait for this one', async () => {
    const { sut } = newPlacement();
    sut.heard(aWorker());
    sut.heard(aWorker({ workerId: 'w2', modelId: 'other' }));
    await sut.acquire(aRequest());
    void sut.acquire(aRequest());
    expect(await sut.acquire(aRequest({ modelId: 'other' }))).toMatchObject({ status: 'granted', workerId: 'w2' });
  });
});

describe('a slot that is granted while nobody asks', () => {
  it('is found when its caller asks again in time', async () => {
    const { sut, pass } = newPlacement({ workerAbsenceMs: 60_000 });
    sut.heard(aWorker());
    const first = granted(await sut.acquire(aRequest()));
    const request = aRequest();
    await sut.acquire(request);
    sut.release('w1', first.leaseId, false);
    pass(1_900);
    expect(await sut.acquire(request)).toMatchObject({ status: 'granted' });
  });

  it('goes to the next when its caller does not ask again', async () => {
    const { sut, pass } = newPlacement({ workerAbsenceMs: 60_000 });
    sut.heard(aWorker());
    const first = granted(await sut.acquire(aRequest()));
    await sut.acquire(aRequest());
    sut.release('w1', first.leaseId, false);
    const next = sut.acquire(aRequest({ waitMs: 5_000 }));
    pass(2_100);
    sut.heard(aWorker());
    expect(await next).toMatchObject({ status: 'granted', workerId: 'w1' });
  });
});

describe('SlotLedger, whatever happens in whatever order', () => {
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

  it('never grants more than the slots of a worker, and frees everything in the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), async (steps, slots) => {
        const { sut, pass } = newPlacement();
        // What the worker really runs, and leases that were granted but whose caller died before using them.
        const running: string[] = [];
        const unused: string[] = [];
        const beat = (): void => sut.heard(aWorker({ slots, active: [...running] }));
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
          // The caller is killed and the worker ends the work: nobody releases the lease.
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
