import fc from 'fast-check';
import { CLASS_FLOORS, FairQueue, workOf } from './fair-queue.ts';
import type { WaitingRequest, WorkClass } from './fair-queue.ts';

function request(projectId: string, fields: Partial<WaitingRequest> = {}): WaitingRequest {
  return { projectId, workClass: 'interactive', weight: 1, promptTokens: 100, outputTokens: 0, ...fields };
}

const queueOf = (...requests: readonly WaitingRequest[]): FairQueue<WaitingRequest> => {
  const queue = new FairQueue<WaitingRequest>();
  for (const each of requests) queue.add(each);
  return queue;
};

const times = (count: number, projectId: string, fields?: Partial<WaitingRequest>): WaitingRequest[] =>
  Array.from({ length: count }, () => request(projectId, fields));

/** Takes so many requests. @returns the work of each project. */
function served(queue: FairQueue<WaitingRequest>, count: number): Record<string, number> {
  const work: Record<string, number> = {};
  for (let taken = 0; taken < count; taken += 1) {
    const next = queue.take();
    if (next !== undefined) work[next.projectId] = (work[next.projectId] ?? 0) + workOf(next);
  }
  return work;
}

describe('projects of one class', () => {
  it('take turns, however many requests each has', () => {
    const queue = queueOf(...times(100, 'a'), ...times(5, 'b'));
    expect(served(queue, 10)).toEqual({ a: 500, b: 500 });
  });

  it('get tokens, not requests', () => {
    const queue = queueOf(...times(100, 'a', { promptTokens: 1_000 }), ...times(100, 'b', { promptTokens: 100 }));
    const { a = 0, b = 0 } = served(queue, 66);
    expect(Math.abs(a - b)).toBeLessThanOrEqual(1_000);
  });

  it('get tokens by their weights', () => {
    const queue = queueOf(...times(100, 'a', { weight: 3 }), ...times(100, 'b'));
    expect(served(queue, 80)).toEqual({ a: 6_000, b: 2_000 });
  });

  it('are charged for what they have written, not for what was expected', () => {
    const queue = queueOf(...times(50, 'a', { outputTokens: 10 }), ...times(50, 'b', { outputTokens: 10 }));
    const counts = { a: 0, b: 0 };
    for (let taken = 0; taken < 40; taken += 1) {
      const next = queue.take() as WaitingRequest;
      counts[next.projectId as 'a' | 'b'] += 1;
      // Three times the work of the other one.
      queue.settle(next, { promptTokens: 100, outputTokens: next.projectId === 'a' ? 130 : 10 });
    }
    expect(counts.b / counts.a).toBeCloseTo(3, 0);
  });

  it('do not save up the time for which they asked nothing', () => {
    const queue = queueOf(...times(100, 'a'));
    served(queue, 50);
    for (const each of times(50, 'b')) queue.add(each);
    expect(served(queue, 20)).toEqual({ a: 1_000, b: 1_000 });
  });

  it('do not save it up while the queue is empty, either', () => {
    const queue = new FairQueue<WaitingRequest>();
    for (const each of times(1_000, 'a')) {
      queue.add(each);
      queue.take();
    }
    for (const each of [...times(20, 'b'), ...times(20, 'a')]) queue.add(each);
    const { a = 0, b = 0 } = served(queue, 20);
    expect(Math.abs(a - b)).toBeLessThanOrEqual(100);
  });

  it('are not remembered for ever', () => {
    const queue = new FairQueue<WaitingRequest>();
    for (let at = 0; at < 5_000; at += 1) {
      queue.add(request(`project-${at}`));
      queue.take();
    }
    expect(queue.counters).toBeLessThanOrEqual(1_001);
  });

  it('differ by the work of one request at most while all wait', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(sizes, sizes, fc.integer({ min: 1, max: 50 }), (a, b, taken) => {
        const queue = queueOf(
          ...a.map((promptTokens) => request('a', { promptTokens })),
          ...b.map((promptTokens) => request('b', { promptTokens })),
        );
        const work = served(queue, taken);
        expect(Math.abs((work['a'] ?? 0) - (work['b'] ?? 0))).toBeLessThanOrEqual(5_000);
      }),
    );
  });
});

describe('classes', () => {
  it('come in their order', () => {
    const classes: WorkClass[] = ['batch', 'background', 'interactive', 'agent'];
    const queue = queueOf(...classes.map((workClass) => request('a', { workClass })));
    expect([1, 2, 3, 4].map(() => queue.take()?.workClass)).toEqual(['interactive', 'agent', 'background', 'batch']);
  });

  it.each(['agent', 'background', 'batch'] as const)('get their floor while others wait: %s', (workClass) => {
    const queue = queueOf(...times(2_000, 'a'), ...times(2_000, 'b', { workClass }));
    const { a = 0, b = 0 } = served(queue, 2_000);
    expect(b / (a + b)).toBeGreaterThanOrEqual(CLASS_FLOORS[workClass] * 0.9);
    expect(b / (a + b)).toBeLessThanOrEqual(CLASS_FLOORS[workClass] * 1.2);
  });

  it('get everything while nothing else waits', () => {
    expect(served(queueOf(...times(10, 'a', { workClass: 'batch' })), 10)).toEqual({ a: 1_000 });
  });
});

describe('a queue', () => {
  it('keeps the order of each project and class, loses nothing and repeats nothing', () => {
    const anyRequest = fc.record({
      projectId: fc.constantFrom('a', 'b', 'c'),
      workClass: fc.constantFrom<WorkClass>('interactive', 'agent', 'background', 'batch'),
      weight: fc.constantFrom(1, 2, 5),
      promptTokens: fc.integer({ min: 0, max: 10_000 }),
      outputTokens: fc.integer({ min: 0, max: 1_000 }),
    });
    fc.assert(
      fc.property(fc.array(anyRequest, { maxLength: 60 }), (requests) => {
        const queue = queueOf(...requests);
        const taken: WaitingRequest[] = [];
        for (let next = queue.take(); next !== undefined; next = queue.take()) taken.push(next);
        expect(new Set(taken)).toEqual(new Set(requests));
        expect(taken).toHaveLength(requests.length);
        for (const { projectId, workClass } of requests) {
          const own = (each: WaitingRequest): boolean => each.projectId === projectId && each.workClass === workClass;
          expect(taken.filter(own)).toEqual(requests.filter(own));
        }
      }),
    );
  });

  it('passes over what is not admitted now', () => {
    const [first, second] = [request('a'), request('b')];
    const queue = queueOf(first, second);
    expect(queue.take((each) => each === second)).toBe(second);
    expect(queue.take((each) => each === second)).toBeUndefined();
    expect(queue.take()).toBe(first);
  });

  it('forgets what is removed', () => {
    const [first, second] = [request('a'), request('a')];
    const queue = queueOf(first, second);
    expect([queue.remove(first), queue.remove(first), queue.size]).toEqual([true, false, 1]);
    expect(queue.take()).toBe(second);
    expect(queue.take()).toBeUndefined();
  });
});
