import type { Priority, RequestedServiceTier } from '@xerotier/contracts/inference';
import type { AcquireInput } from '@xerotier/contracts/router';
import fc from 'fast-check';
import { LeastLoadedPolicy } from './least-loaded.policy.ts';
import type { WorkerView } from '../fleet/lease-table.ts';
import type { QueuedRequest } from './placement-policy.ts';

const sut = new LeastLoadedPolicy();

interface TestRequest {
  readonly priority: Priority;
  readonly projectId: string;
  readonly tier?: string;
  readonly requestedServiceTier?: RequestedServiceTier;
}

/** Returns the arrivals in the order in which they are served. */
function served(requests: readonly TestRequest[]): number[] {
  const queue: QueuedRequest[] = [];
  for (const [arrival, input] of requests.entries())
    sut.enqueue(queue, { input: { tier: 'free', ...input } as AcquireInput, enqueuedAt: 0, arrival });
  return queue.map(({ arrival }) => arrival);
}

function worker(workerId: string, used: number, slots: number, failureRate = 0): WorkerView {
  return { workerId, modelId: 'm', used, slots, failureRate };
}

const anyRequests = fc.array(
  fc.record({
    priority: fc.constantFrom<Priority>('interactive', 'batch', 'background'),
    projectId: fc.constantFrom('a', 'b', 'c'),
    tier: fc.constantFrom('free', 'self_hosted'),
    requestedServiceTier: fc.constantFrom<RequestedServiceTier>('priority', 'default', 'flex'),
  }),
  { maxLength: 30 },
);

describe('LeastLoadedPolicy.enqueue', () => {
  const of = (projectId: string, requestedServiceTier?: RequestedServiceTier): TestRequest => ({
    priority: 'interactive',
    projectId,
    ...(requestedServiceTier !== undefined && { requestedServiceTier }),
  });

  it('orders by priority class, and by arrival within a class', () => {
    const classes: Priority[] = ['background', 'batch', 'interactive', 'interactive', 'background'];
    expect(served(classes.map((priority) => ({ priority, projectId: 'a' })))).toEqual([2, 3, 1, 0, 4]);
  });

  it('reorders requests within a project by requested tier', () => {
    expect(served([of('a', 'flex'), of('a'), of('a', 'priority'), of('a', 'default'), of('a', 'flex')])).toEqual([
      2, 1, 3, 0, 4,
    ]);
  });

  it('never moves one project ahead of another', () => {
    expect(served([of('b', 'flex'), of('a'), of('b'), of('a', 'priority')])).toEqual([2, 3, 0, 1]);
  });

  it('never moves one tier ahead of another', () => {
    const shared = { ...of('a', 'priority'), tier: 'gpu_nvidia_shared' };
    expect(served([of('a', 'flex'), shared])).toEqual([0, 1]);
  });

  it('does not change the turns of tenants', () => {
    fc.assert(
      fc.property(anyRequests, (requests) => {
        const plain = requests.map(({ requestedServiceTier: _, ...request }) => request);
        const turns = (order: number[]): unknown[] =>
          order.map((arrival) => {
            const { projectId, tier, priority } = requests[arrival] as TestRequest;
            return [projectId, tier, priority];
          });
        expect(turns(served(requests))).toEqual(turns(served(plain)));
      }),
    );
  });

  it('serves requests of one project, tier and class by requested tier, then by arrival', () => {
    const rank = { priority: 0, default: 1, flex: 2 };
    fc.assert(
      fc.property(anyRequests, (requests) => {
        const turnOf = ({ projectId, tier, priority }: TestRequest): string => `${projectId} ${tier} ${priority}`;
        for (const turn of new Set(requests.map(turnOf))) {
          const own = (arrivals: number[]): number[] =>
            arrivals.filter((arrival) => turnOf(requests[arrival] as TestRequest) === turn);
          const rankOf = (arrival: number): number => rank[requests[arrival]?.requestedServiceTier ?? 'default'];
          const expected = own([...requests.keys()]).toSorted((a, b) => rankOf(a) - rankOf(b) || a - b);
          expect(own(served(requests))).toEqual(expected);
        }
      }),
    );
  });
});

describe('LeastLoadedPolicy.admits', () => {
  const admits = (priority: Priority, used: number, slots: number): boolean =>
    sut.admits({ priority } as AcquireInput, worker('w', used, slots));

  it.each([
    { slots: 1, forBatches: 1 },
    { slots: 2, forBatches: 1 },
    { slots: 10, forBatches: 9 },
    { slots: 11, forBatches: 9 },
    { slots: 64, forBatches: 57 },
  ])('leaves a tenth of the slots to interactive requests: $slots slots', ({ slots, forBatches }) => {
    for (const priority of ['batch', 'background'] as const) {
      expect(admits(priority, forBatches - 1, slots)).toBe(true);
      expect(admits(priority, forBatches, slots)).toBe(false);
    }
  });

  it('gives an interactive request every free slot, and a batch at least one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 512 }), (slots) => {
        expect(admits('interactive', slots - 1, slots)).toBe(true);
        expect(admits('batch', 0, slots)).toBe(true);
      }),
    );
  });
});

describe('LeastLoadedPolicy.choose', () => {
  const choose = (...candidates: WorkerView[]): string => sut.choose({} as AcquireInput, candidates).workerId;

  it('chooses the worker with the smallest share of slots in use', () => {
    expect(choose(worker('a', 1, 2), worker('b', 3, 8), worker('c', 2, 4))).toBe('b');
  });

  it('chooses the same among equals, in any order', () => {
    expect(choose(worker('b', 1, 2), worker('a', 2, 4))).toBe('a');
    expect(choose(worker('a', 2, 4), worker('b', 1, 2))).toBe('a');
  });

  describe('with an affinity key', () => {
    const chosen = (affinityKey: string, candidates: readonly WorkerView[]): string =>
      sut.choose({ affinityKey } as AcquireInput, candidates).workerId;
    const keys = Array.from({ length: 2_000 }, (_, at) => at.toString(16).padStart(16, '0'));
    const fleet = Array.from({ length: 5 }, (_, at) => worker(`worker-${at}`, at, 8));

    it('chooses the same worker whatever the load, in any order', () => {
      const loads = fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 5, maxLength: 5 });
      fc.assert(
        fc.property(fc.constantFrom(...keys), loads, (key, used) => {
          const others = fleet.map((each, at) => ({ ...each, used: used[at] as number })).toReversed();
          expect(chosen(key, others)).toBe(chosen(key, fleet));
        }),
      );
    });

    it('spreads keys over all workers', () => {
      const counts = fleet.map(({ workerId }) => keys.filter((key) => chosen(key, fleet) === workerId).length);
      for (const count of counts) expect(count).toBeGreaterThan(300);
    });

    it('moves only the keys of a worker that is gone or busy', () => {
      const without = fleet.slice(1);
      for (const key of keys) {
        const before = chosen(key, fleet);
        if (before !== 'worker-0') expect(chosen(key, without)).toBe(before);
      }
      const moved = keys.filter((key) => chosen(key, fleet) === 'worker-0').map((key) => chosen(key, without));
      expect(new Set(moved).size).toBe(4);
    });

    it('avoids a failing engine all the same', () => {
      const candidates = [worker('a', 0, 8, 0.5), worker('b', 7, 8)];
      expect(new Set(keys.map((key) => chosen(key, candidates)))).toEqual(new Set(['b']));
    });
  });

  it('chooses a worker with a failing engine only when every other is full', () => {
    expect(choose(worker('failing', 0, 8, 0.5), worker('healthy', 7, 8))).toBe('healthy');
    expect(choose(worker('healthy', 7, 8), worker('failing', 0, 8, 0.5))).toBe('healthy');
    expect(choose(worker('failing', 0, 8, 0.5))).toBe('failing');
  });

  it('ignores a few failures, and failures of all workers', () => {
    expect(choose(worker('a', 0, 8, 0.2), worker('b', 1, 8))).toBe('a');
    expect(choose(worker('a', 1, 8, 0.9), worker('b', 0, 8, 0.5))).toBe('b');
  });

  it('chooses the only candidate', () => {
    expect(choose(worker('z', 9, 10))).toBe('z');
  });
});
