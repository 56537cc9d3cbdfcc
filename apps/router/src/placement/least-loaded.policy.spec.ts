import type { Priority, RequestedServiceTier } from '@xerotier/contracts/inference';
import type { AcquireInput } from '@xerotier/contracts/router';
import fc from 'fast-check';
import { LeastLoadedPolicy } from './least-loaded.policy.ts';
import type { WorkerView } from '../fleet/slot-ledger.ts';
import type { QueuedRequest } from './placement-policy.ts';

const sut = new LeastLoadedPolicy();

interface Asked {
  readonly priority: Priority;
  readonly projectId: string;
  readonly tier?: string;
  readonly requestedServiceTier?: RequestedServiceTier;
}

/** The arrivals in the order in which they are served. */
function served(requests: readonly Asked[]): number[] {
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
  const of = (projectId: string, requestedServiceTier?: RequestedServiceTier): Asked => ({
    priority: 'interactive',
    projectId,
    ...(requestedServiceTier !== undefined && { requestedServiceTier }),
  });

  it('lets the more urgent class go first, and within a class the one who came first', () => {
    const classes: Priority[] = ['background', 'batch', 'interactive', 'interactive', 'background'];
    expect(served(classes.map((priority) => ({ priority, projectId: 'a' })))).toEqual([2, 3, 1, 0, 4]);
  });

  it("has a project's own requests trade their turns by what they ask for", () => {
    expect(served([of('a', 'flex'), of('a'), of('a', 'priority'), of('a', 'default'), of('a', 'flex')])).toEqual([
      2, 1, 3, 0, 4,
    ]);
  });

  it('never has one project pass another, whatever it asks for', () => {
    expect(served([of('b', 'flex'), of('a'), of('b'), of('a', 'priority')])).toEqual([2, 3, 0, 1]);
  });

  it('never has one tier pass another', () => {
    const shared = { ...of('a', 'priority'), tier: 'gpu_nvidia_shared' };
    expect(served([of('a', 'flex'), shared])).toEqual([0, 1]);
  });

  it('gives each tenant the turns that it would have if nobody asked for anything', () => {
    fc.assert(
      fc.property(anyRequests, (requests) => {
        const plain = requests.map(({ requestedServiceTier: _, ...request }) => request);
        const turns = (order: number[]): unknown[] =>
          order.map((arrival) => {
            const { projectId, tier, priority } = requests[arrival] as Asked;
            return [projectId, tier, priority];
          });
        expect(turns(served(requests))).toEqual(turns(served(plain)));
      }),
    );
  });

  it('serves the requests of one project, tier and class by what they ask for, then as they came', () => {
    const rank = { priority: 0, default: 1, flex: 2 };
    fc.assert(
      fc.property(anyRequests, (requests) => {
        const turnOf = ({ projectId, tier, priority }: Asked): string => `${projectId} ${tier} ${priority}`;
        for (const turn of new Set(requests.map(turnOf))) {
          const own = (arrivals: number[]): number[] =>
            arrivals.filter((arrival) => turnOf(requests[arrival] as Asked) === turn);
          const asked = (arrival: number): number => rank[requests[arrival]?.requestedServiceTier ?? 'default'];
          const expected = own([...requests.keys()]).toSorted((a, b) => asked(a) - asked(b) || a - b);
          expect(own(served(requests))).toEqual(expected);
        }
      }),
    );
  });
});

describe('LeastLoadedPolicy.choose', () => {
  const choose = (...candidates: WorkerView[]): string => sut.choose({} as AcquireInput, candidates).workerId;

  it('takes the worker with the smallest share of its slots taken', () => {
    expect(choose(worker('a', 1, 2), worker('b', 3, 8), worker('c', 2, 4))).toBe('b');
  });

  it('takes the same of equals, in whatever order they come', () => {
    expect(choose(worker('b', 1, 2), worker('a', 2, 4))).toBe('a');
    expect(choose(worker('a', 2, 4), worker('b', 1, 2))).toBe('a');
  });

  it('takes one whose engine fails only when every other is full, however idle it is', () => {
    expect(choose(worker('failing', 0, 8, 0.5), worker('sound', 7, 8))).toBe('sound');
    expect(choose(worker('sound', 7, 8), worker('failing', 0, 8, 0.5))).toBe('sound');
    expect(choose(worker('failing', 0, 8, 0.5))).toBe('failing');
  });

  it('does not let a few failures, or failures of all, decide', () => {
    expect(choose(worker('a', 0, 8, 0.2), worker('b', 1, 8))).toBe('a');
    expect(choose(worker('a', 1, 8, 0.9), worker('b', 0, 8, 0.5))).toBe('b');
  });

  it('takes the only one', () => {
    expect(choose(worker('z', 9, 10))).toBe('z');
  });
});
