import fc from 'fast-check';
import { samplerSeed } from './sampling.ts';

const seed = fc.integer({ min: -(2 ** 52), max: 2 ** 52 });
const choiceIndex = fc.integer({ min: 0, max: 127 });

describe('samplerSeed', () => {
  it('returns a valid seed that does not mean "random"', () => {
    fc.assert(
      fc.property(seed, choiceIndex, (number, choice) => {
        const made = samplerSeed(number, choice);
        expect(Number.isInteger(made) && made >= 0 && made < 2 ** 32 - 1).toBe(true);
        expect(samplerSeed(number, choice)).toBe(made);
        expect(samplerSeed(number, choice + 1)).not.toBe(made);
      }),
    );
    expect(samplerSeed(-1, 0)).toBeLessThan(2 ** 32 - 1);
  });

  it('returns a random seed when the request has none', () => {
    expect(new Set(Array.from({ length: 20 }, () => samplerSeed(undefined, 0))).size).toBeGreaterThan(15);
  });
});
