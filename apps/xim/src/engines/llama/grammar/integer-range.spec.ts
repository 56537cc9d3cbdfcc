import fc from 'fast-check';
import { integerRange } from './integer-range.ts';

/** Converts the rule to a regular expression: both notations share classes, groups and counts. */
function matcher(min: number, max: number): RegExp {
  return new RegExp(`^(?:${integerRange(min, max)?.replace(/["\s]/g, '')})$`);
}

const FAR = Number.MAX_SAFE_INTEGER;
/** Numbers of all lengths: of evenly distributed ones, most have sixteen digits. */
const integer = fc.oneof(
  fc.integer({ min: -120, max: 120 }),
  fc.integer({ min: -100_000, max: 100_000 }),
  fc.integer({ min: -FAR, max: FAR }),
);

describe('integerRange', () => {
  it('matches exactly the numbers of the range', () => {
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
  ])('includes both bounds: %i to %i', (min, max) => {
    const range = matcher(min, max);
    const around = Array.from({ length: max - min + 21 }, (_, at) => min - 10 + at);
    expect(around.filter((value) => range.test(String(value)))).toEqual(around.slice(10, -10));
  });

  it('matches JSON numbers only: no leading zero and no negative zero', () => {
    const range = matcher(-200, 200);
    expect(['07', '-0', '00', '+1', '1.0', '1e2', ''].filter((text) => range.test(text))).toEqual([]);
  });

  it('clamps the bounds to safe integers', () => {
    for (const range of [matcher(-FAR, FAR), matcher(-Infinity, Infinity)]) {
      expect([FAR, -FAR, 0].every((value) => range.test(String(value)))).toBe(true);
      expect(['9007199254740992', '-9007199254740992', '10000000000000000'].some((text) => range.test(text))).toBe(
        false,
      );
    }
  });

  it('rounds the bounds inwards, and returns undefined for an empty range', () => {
    expect(integerRange(1.5, 3.5)).toBe('[2-3]');
    expect(integerRange(1.2, 1.8)).toBeUndefined();
    expect(integerRange(4, 3)).toBeUndefined();
    expect(integerRange(1e300, Infinity)).toBeUndefined();
  });
});
