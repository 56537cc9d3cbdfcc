import { LineConcurrency } from './line-concurrency.ts';

describe('LineConcurrency', () => {
  it('grows by one per round without a rejection, up to its maximum', () => {
    const sut = new LineConcurrency(10, 2);
    const limits: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      const lines = sut.limit;
      for (let line = 0; line < lines; line += 1) sut.succeeded();
      limits.push(sut.limit);
    }
    expect(limits).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 10, 10]);
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
