/** Random numbers that are the same for the same seed (mulberry32), so that a run can be repeated. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Uniform from 0 to 1. */
  next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };

  integer(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** Time until the next event of a Poisson process. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  /** Of a quantity that is never negative and sometimes large, such as the length of a text. @param spread of its logarithm. */
  logNormal(median: number, spread: number): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
    return median * Math.exp(spread * normal);
  }

  /** An index from 0, each less probable than the one before it (Zipf). */
  zipf(cumulated: readonly number[]): number {
    const at = this.next() * (cumulated.at(-1) as number);
    let [low, high] = [0, cumulated.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((cumulated[middle] as number) > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

export function zipfWeights(count: number, exponent: number): number[] {
  let sum = 0;
  return Array.from({ length: count }, (_, at) => (sum += 1 / (at + 1) ** exponent));
}
