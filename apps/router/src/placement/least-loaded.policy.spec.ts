import type { AcquireInput, Priority } from '@xerotier/contracts';
import fc from 'fast-check';
import { LeastLoadedPolicy } from './least-loaded.policy.ts';
import type { QueuedRequest } from './placement-policy.ts';

const sut = new LeastLoadedPolicy();

function queued(priority: Priority, arrival: number): QueuedRequest {
  return { input: { priority } as AcquireInput, enqueuedAt: 0, arrival };
}

function worker(
  workerId: string,
  used: number,
  slots: number,
): { workerId: string; modelId: string; used: number; slots: number } {
  return { workerId, modelId: 'm', used, slots };
}

const request = fc.record({
  priority: fc.constantFrom<Priority>('interactive', 'batch', 'background'),
  arrival: fc.nat(),
});

describe('LeastLoadedPolicy.compare', () => {
  it('lets the more urgent class go first, and within a class the one who came first', () => {
    const order = [queued('background', 0), queued('batch', 1), queued('interactive', 3), queued('interactive', 2)];
    expect(order.toSorted((a, b) => sut.compare(a, b)).map(({ arrival }) => arrival)).toEqual([2, 3, 1, 0]);
  });

  it('is a total order: equal only for the same request', () => {
    fc.assert(
      fc.property(request, request, request, (a, b, c) => {
        const [x, y, z] = [a, b, c].map(({ priority, arrival }) => queued(priority, arrival)) as [
          QueuedRequest,
          QueuedRequest,
          QueuedRequest,
        ];
        expect(Math.sign(sut.compare(x, y))).toBe(-Math.sign(sut.compare(y, x)) + 0);
        if (sut.compare(x, y) === 0) expect(a).toEqual(b);
        if (sut.compare(x, y) < 0 && sut.compare(y, z) < 0) expect(sut.compare(x, z)).toBeLessThan(0);
      }),
    );
  });
});

describe('LeastLoadedPolicy.choose', () => {
  const choose = (...candidates: ReturnType<typeof worker>[]): string =>
    sut.choose({} as AcquireInput, candidates).workerId;

  it('takes the worker with the smallest share of its slots taken', () => {
    expect(choose(worker('a', 1, 2), worker('b', 3, 8), worker('c', 2, 4))).toBe('b');
  });

  it('takes the same of equals, in whatever order they come', () => {
    expect(choose(worker('b', 1, 2), worker('a', 2, 4))).toBe('a');
    expect(choose(worker('a', 2, 4), worker('b', 1, 2))).toBe('a');
  });

  it('takes the only one', () => {
    expect(choose(worker('z', 9, 10))).toBe('z');
  });
});
