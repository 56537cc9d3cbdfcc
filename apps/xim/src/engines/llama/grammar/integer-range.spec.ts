import fc from 'fast-check';
import { integerRange } from './integer-range.ts';

/** The rule as a regular expression: both notations have the same classes, groups and counts. */
function matcher(min: number, max: number): RegExp {
  return new RegExp(`^(?:${integerRange(min, max)?.replace(/["\s]/g, '')})$`);
}

const FAR = Number.MAX_SAFE_INTEGER;
/** Numbers of all lengths: most of those that are drawn evenly have sixteen digits. */
const integer = fc.oneof(
  fc.integer({ min: -120, max: 120 }),
  fc.integer({ min: -100_000, max: 100_000 }),
  fc.integer({ min: -FAR, max: FAR }),
);

describe('integerRange', () => {
  it('takes the numbers of the range, and no others', () => {
    fc.assert(
      fc.property(integer, integer, integer, (one, other, value) => {
        const [min, max] = [Math.min(one, other), Math.max(one, other)];
        expect(matcher(min, max).test(String(value))).toBe(min <= value && value <= max);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    [0, 0],
    [3, 3],
    [7, 12],
    [0, 120],
    [-5, 5],
    [-40, -8],
    [99, 101],
    [100, 999],
    [118, 4_307],
  ])('ends where it should: %i to %i', (min, max) => {
    const range = matcher(min, max);
    const around = Array.from({ length: max - min + 21 }, (_, at) => min - 10 + at);
    expect(around.filter((value) => range.test(String(value)))).toEqual(around.slice(10, -10));
  });

  it('writes numbers as JSON does: no zero in front, and none that is negative', () => {
    const range = matcher(-200, 200);
    expect(['07', '-0', '00', '+1', '1.0', '1e2', ''].filter((text) => range.test(text))).toEqual([]);
  });

  it('goes as far as numbers are exact, whatever is asked for', () => {
    for (const range of [matcher(-FAR, FAR), matcher(-Infinity, Infinity)]) {
      expect([FAR, -FAR, 0].every((value) => range.test(String(value)))).toBe(true);
      expect(['9007199254740992', '-9007199254740992', '10000000000000000'].some((text) => range.test(text))).toBe(
        false,
      );
    }
  });

  it('rounds bounds inwards, and knows when nothing is left', () => {
    expect(integerRange(1.5, 3.5)).toBe('[2-3]');
    expect(integerRange(1.2, 1.8)).toBeUndefined();
    expect(integerRange(4, 3)).toBeUndefined();
    expect(integerRange(1e300, Infinity)).toBeUndefined();
  });
});
