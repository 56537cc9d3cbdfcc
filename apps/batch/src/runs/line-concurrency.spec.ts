import fc from 'fast-check';
import { LineConcurrency } from './line-concurrency.ts';

/** Lets all lines of one round succeed. */
function round(sut: LineConcurrency, workMs: number, waitMs: number): number {
  const lines = sut.limit;
  for (let line = 0; line < lines; line += 1) sut.succeeded(workMs + waitMs, waitMs);
  return sut.limit;
}

const rounds = (sut: LineConcurrency, count: number, workMs = 1_000, waitMs = 0): number[] =>
  Array.from({ length: count }, () => round(sut, workMs, waitMs));

describe('LineConcurrency', () => {
  it('doubles per round until lines have to wait, up to its maximum', () => {
    expect(rounds(new LineConcurrency(20, 2), 5)).toEqual([4, 8, 16, 20, 20]);
  });

  it('grows by one per round after that', () => {
    const sut = new LineConcurrency(8, 10);
    sut.overloaded();
    expect(sut.limit).toBe(4);
    expect(rounds(sut, 6)).toEqual([5, 6, 7, 8, 8, 8]);
  });

  it('stays while lines wait for about a tenth of their time', () => {
    const sut = new LineConcurrency(100, 10);
    expect(rounds(sut, 3, 10_000, 1_200)).toEqual([10, 10, 10]);
  });

  it('shrinks by what waits too long, down to one', () => {
    const sut = new LineConcurrency(100, 40);
    // A fleet of ten slots: 30 of the lines wait.
    expect(round(sut, 10_000, 30_000)).toBe(11);
    expect(round(new LineConcurrency(100, 2), 1, 1_000_000)).toBe(1);
  });

  it('tolerates short waits of short lines', () => {
    expect(round(new LineConcurrency(100, 4), 2, 40)).toBe(8);
    expect(round(new LineConcurrency(100, 4), 2, 400)).toBe(1);
  });

  it('halves once for rejections at the same time, down to one', () => {
    const sut = new LineConcurrency(100, 40);
    for (let line = 0; line < 40; line += 1) sut.overloaded(0);
    expect(sut.limit).toBe(20);
    for (let second = 1; second < 10; second += 1) sut.overloaded(second * 1_000);
    expect(sut.limit).toBe(1);
    expect(round(sut, 1_000, 0)).toBe(2);
  });

  it('does not begin above its maximum', () => {
    expect(new LineConcurrency(3).limit).toBe(3);
  });

  it('settles where a fleet of any size is busy, and few lines wait', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 60_000 }),
        fc.integer({ min: 1, max: 256 }),
        (slots, workMs, start) => {
          const sut = new LineConcurrency(1_000, start);
          const seen: number[] = [];
          for (let i = 0; i < 600; i += 1) {
            // With more lines than slots, a line waits until those before it are done.
            const waitMs = Math.max(0, sut.limit / slots - 1) * workMs;
            seen.push(round(sut, workMs, waitMs));
          }
          const last = seen.slice(-100);
          const aimed = slots * (1 + Math.max(50, workMs * 0.1) / workMs);
          expect(Math.min(...last)).toBeGreaterThanOrEqual(Math.min(slots, 1_000) * 0.95 - 1);
          expect(Math.max(...last)).toBeLessThanOrEqual(Math.min(aimed * 1.5 + 2, 1_000));
        },
      ),
      { numRuns: 200 },
    );
  });
});
