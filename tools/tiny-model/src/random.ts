/**
 * Seeded random numbers that are identical on every machine: only integer arithmetic and sums of doubles are used, no
 * function (logarithm, cosine) whose last digit differs between builds.
 */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Uniform in [0, 1), with 32 bits of randomness (the mulberry32 generator). */
  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Approximately normal with mean 0 and the given standard deviation: the sum of four uniform numbers, scaled. */
  normal(deviation: number): number {
    const sum = this.uniform() + this.uniform() + this.uniform() + this.uniform();
    return (sum - 2) * SQRT_3 * deviation;
  }
}

/** Four uniform numbers have a variance of 4/12, so their sum is scaled by the root of 3 to a variance of 1. */
const SQRT_3 = 1.7320508075688772;
