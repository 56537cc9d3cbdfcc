/** The aims of the scheduler, on a small fleet. */
import { compare } from './comparison.ts';
import type { TraceComparison } from './comparison.ts';
import type { Measures } from './measures.ts';

const OPTIONS = { engines: 4, seconds: 45, seed: 3 };
const OURS = 'xerotier';

let comparisons: readonly TraceComparison[];
beforeAll(() => {
  comparisons = compare(OPTIONS);
});

function of(trace: string, policy: string): Measures {
  return comparisons.find(({ trace: { name } }) => name === trace)?.measures[policy] as Measures;
}

describe('the scheduler', () => {
  it('has at least twice the goodput of the least loaded worker where prompts are shared', () => {
    expect(of('shared-prefix chat', OURS).goodput).toBeGreaterThan(
      2 * of('shared-prefix chat', 'least loaded').goodput,
    );
    expect(of('shared-prefix chat', OURS).goodput).toBeGreaterThan(1);
  });

  it.each(['shared-prefix chat', 'agent loops', 'long documents', 'bursts', 'skewed tenants', 'batch and chat'])(
    'is never worse than 0.95 of the best policy: %s',
    (trace) => {
      const { measures } = comparisons.find(({ trace: { name } }) => name === trace) as TraceComparison;
      const best = Math.max(...Object.values(measures).map(({ goodput }) => goodput));
      expect(of(trace, OURS).goodput).toBeGreaterThanOrEqual(0.95 * best);
    },
  );

  it('serves projects alike that ask for more than their share', () => {
    expect(of('crowded tenants', OURS).fairness).toBeGreaterThanOrEqual(0.95);
    expect(of('crowded tenants', 'least loaded').fairness).toBeLessThan(0.8);
  });

  it.each(['shared-prefix chat', 'agent loops', 'bursts', 'skewed tenants', 'crowded tenants', 'batch and chat'])(
    'uses all engines: %s',
    (trace) => {
      expect(of(trace, OURS).imbalance).toBeLessThanOrEqual(1.3);
    },
  );

  it('protects chats from batches, which a queue before the engines alone does not', () => {
    const [restrained, unrestrained] = [OURS, 'xerotier, batches not restrained'].map((policy) =>
      of('batch and chat', policy),
    ) as [Measures, Measures];
    expect(unrestrained.firstTokenP99Ms).toBeGreaterThan(5 * restrained.firstTokenP99Ms);
    // And the batch still gets most of what it would get.
    expect(restrained.finished).toBeGreaterThan(0.6 * unrestrained.finished);
  });

  it('has the same result for the same seed, and another one for another', () => {
    const only = { ...OPTIONS, seconds: 10, traces: ['agent loops'], policies: [OURS] };
    expect(compare(only)).toEqual(compare(only));
    expect(compare({ ...only, seed: 4 })).not.toEqual(compare(only));
  });
});
