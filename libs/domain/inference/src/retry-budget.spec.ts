import fc from 'fast-check';
import { RetryBudget } from './retry-budget.ts';

function spendAll(budget: RetryBudget): number {
  let spent = 0;
  while (budget.spend()) spent += 1;
  return spent;
}

describe('RetryBudget', () => {
  it('begins with its reserve, and refuses when that is spent', () => {
    expect(spendAll(new RetryBudget(0.1, 3))).toBe(3);
    expect(spendAll(new RetryBudget())).toBe(20);
  });

  it('earns a part of a retry with each request', () => {
    const budget = new RetryBudget(0.25, 3);
    spendAll(budget);
    for (let i = 0; i < 3; i += 1) budget.earn();
    expect(budget.spend()).toBe(false);
    budget.earn();
    expect(budget.spend()).toBe(true);
  });

  it('saves no more than its reserve', () => {
    const budget = new RetryBudget(0.5, 2);
    for (let i = 0; i < 100; i += 1) budget.earn();
    expect(spendAll(budget)).toBe(2);
  });

  it('never allows more than the reserve and its share of the requests', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean()), fc.integer({ min: 0, max: 5 }), (steps, reserve) => {
        const budget = new RetryBudget(0.25, reserve);
        let [requests, retries] = [0, 0];
        for (const isRequest of steps) {
          if (isRequest) {
            requests += 1;
            budget.earn();
          } else if (budget.spend()) retries += 1;
        }
        expect(retries).toBeLessThanOrEqual(reserve + requests * 0.25);
      }),
    );
  });
});
