import { LineConcurrency } from './line-concurrency.ts';

describe('LineConcurrency', () => {
  /** The limit after each of some rounds in which all lines succeed. */
  function limitsOf(sut: LineConcurrency, rounds: number): number[] {
    return Array.from({ length: rounds }, () => {
      const lines = sut.limit;
      for (let line = 0; line < lines; line += 1) sut.succeeded();
      return sut.limit;
    });
  }

  it('doubles per round until the first rejection, up to its maximum', () => {
    expect(limitsOf(new LineConcurrency(20, 2), 5)).toEqual([4, 8, 16, 20, 20]);
  });

  it('grows by one per round without a rejection after that', () => {
    const sut = new LineConcurrency(8, 10);
    sut.overloaded();
    expect(sut.limit).toBe(4);
    expect(limitsOf(sut, 6)).toEqual([5, 6, 7, 8, 8, 8]);
  });

  it('halves once for rejections at the same time, down to one', () => {
    const sut = new LineConcurrency(100, 40);
    for (let line = 0; line < 40; line += 1) sut.overloaded(0);
    expect(sut.limit).toBe(20);
    for (let second = 1; second < 10; second += 1) sut.overloaded(second * 1_000);
    expect(sut.limit).toBe(1);
    sut.succeeded();
    expect(sut.limit).toBe(2);
  });

  it('does not begin above its maximum', () => {
    expect(new LineConcurrency(3).limit).toBe(3);
  });
});
