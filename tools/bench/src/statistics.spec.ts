import fc from 'fast-check';
import { median, percentiles, spread } from './statistics.ts';

const values = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 50 });

describe('statistics', () => {
  it('computes nearest-rank percentiles', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentiles(hundred, [0, 1, 50, 99, 100])).toEqual([1, 1, 50, 99, 100]);
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 100 }), (list, percent) => {
        const [value = Number.NaN] = percentiles(list, [percent]);
        expect(list.filter((other) => other <= value).length * 100).toBeGreaterThanOrEqual(percent * list.length);
        expect(list.filter((other) => other < value).length * 100).toBeLessThan(percent * list.length);
      }),
    );
  });

  it('computes the median of an even number of values as the mean of the middle ones', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it('computes the spread without modifying its input', () => {
    const rounds = [10, 30, 20];
    expect(spread(rounds)).toEqual({ median: 20, min: 10, max: 30 });
    expect(rounds).toEqual([10, 30, 20]);
  });

  it('returns undefined or NaN without values', () => {
    expect(spread([])).toBeUndefined();
    expect(median([])).toBeNaN();
    expect(percentiles([], [50])).toEqual([Number.NaN]);
  });
});
