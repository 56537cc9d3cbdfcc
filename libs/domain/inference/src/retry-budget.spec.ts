import fc from 'fast-check';
import { RetryBudget } from './retry-budget.ts';

function acquireAll(budget: RetryBudget): number {
  let acquired = 0;
  while (acquired < 10_000 && budget.acquire()) acquired += 1;
  return acquired;
}

function withRunning(budget: RetryBudget, running: number): RetryBudget {
  for (let i = 0; i < running; i += 1) budget.enter();
  return budget;
}

describe('RetryBudget', () => {
  it('allows its floor even if little is running', () => {
    expect(acquireAll(new RetryBudget(0.1, 3))).toBe(3);
    expect(acquireAll(withRunning(new RetryBudget(0.5, 3), 4))).toBe(3);
  });

  it('allows all the work of one of two equal workers to be retried', () => {
    expect(acquireAll(withRunning(new RetryBudget(), 512))).toBe(256);
  });

  it('allows the next retry after a release', () => {
    const budget = new RetryBudget(0, 1);
    expect(budget.acquire()).toBe(true);
    expect(budget.acquire()).toBe(false);
    budget.release();
    expect(budget.acquire()).toBe(true);
  });

  it('is a share of the running generations, not of the finished ones', () => {
    const budget = withRunning(new RetryBudget(0.5, 0), 4);
    budget.leave();
    budget.leave();
    expect(acquireAll(budget)).toBe(1);
  });

  it('never exceeds the larger of the floor and the share', () => {
    const step = fc.constantFrom('enter', 'leave', 'acquire', 'release');
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: 0, max: 5 }), (steps, floor) => {
        const budget = new RetryBudget(0.25, floor);
        let [running, retrying] = [0, 0];
        for (const next of steps) {
          if (next === 'enter') {
            running += 1;
            budget.enter();
          } else if (next === 'leave' && running > 0) {
            running -= 1;
            budget.leave();
          } else if (next === 'release' && retrying > 0) {
            retrying -= 1;
            budget.release();
          } else if (next === 'acquire') {
            const allowed = retrying < Math.max(floor, running * 0.25);
            expect(budget.acquire()).toBe(allowed);
            if (allowed) retrying += 1;
          }
        }
      }),
    );
  });
});
