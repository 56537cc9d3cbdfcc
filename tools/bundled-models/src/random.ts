/**
 * Seeded random choices, the same on every machine: integer arithmetic only (the mulberry32 generator). Everything that
 * the training text leaves to chance goes through one of these, so a seed names the whole text.
 */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Uniform in [0, 1), with 32 bits of randomness. */
  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.uniform() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error('There is nothing to pick from.');
    return items[Math.floor(this.uniform() * items.length)] as T;
  }

  /** `count` different items, or all when there are fewer, in random order. */
  sample<T>(items: readonly T[], count: number): T[] {
    return this.shuffle(items).slice(0, count);
  }

  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let i = shuffled.length - 1; i > 0; i -= 1) {
      const j = this.integer(0, i);
      [shuffled[i], shuffled[j]] = [shuffled[j] as T, shuffled[i] as T];
    }
    return shuffled;
  }

  /** Picks a key with the likelihood that its number has among all numbers. */
  weighted<T extends { readonly share: number }>(items: readonly T[]): T {
    let left = this.uniform() * items.reduce((sum, item) => sum + item.share, 0);
    for (const item of items) {
      left -= item.share;
      if (left < 0) return item;
    }
    return items[items.length - 1] as T;
  }
}
