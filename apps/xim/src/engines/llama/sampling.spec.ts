import fc from 'fast-check';
import { samplerSeed } from './sampling.ts';

const seed = fc.integer({ min: -(2 ** 52), max: 2 ** 52 });
const choiceIndex = fc.integer({ min: 0, max: 127 });

describe('samplerSeed', () => {
  it('is a number that the sampler takes as a seed, and not as the order to be random', () => {
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

  it('is another one each time when the request names none', () => {
    expect(new Set(Array.from({ length: 20 }, () => samplerSeed(undefined, 0))).size).toBeGreaterThan(15);
  });
});
