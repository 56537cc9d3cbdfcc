/**
 * How many lines run at the same time: additive increase while the workers take them, multiplicative decrease when they do not, as TCP
 * finds its share of a link (Chiu and Jain, "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance", 1989). Until they
 * first do not, it doubles with each round, since a round takes as long as a line (slow start, RFC 5681, section 3.1).
 */
export class LineConcurrency {
  readonly #max: number;
  #limit: number;
  #isSlowStart = true;
  #successes = 0;
  #decreasedAt = -Infinity;

  /** @param start how many run at the beginning. Default 8. */
  constructor(max: number, start = 8) {
    this.#max = max;
    this.#limit = Math.min(start, max);
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** A line has got a response: one more may run, or after slow start once as many have as run at the same time. */
  succeeded(): void {
    this.#successes += 1;
    if (!this.#isSlowStart && this.#successes < this.#limit) return;
    this.#successes = 0;
    this.#limit = Math.min(this.#max, this.#limit + 1);
  }

  /** The workers had no room for a line. Several at the same time count once. */
  overloaded(now = performance.now()): void {
    if (now - this.#decreasedAt < DECREASE_MS) return;
    this.#decreasedAt = now;
    this.#isSlowStart = false;
    this.#successes = 0;
    this.#limit = Math.max(1, this.#limit / 2);
  }
}

const DECREASE_MS = 1_000;
