/**
 * How many lines run at the same time: as many as keep the workers busy, and no more than wait for a short time. Found by the time that
 * lines wait, as TCP Vegas finds its share of a link (Brakmo and Peterson, 1995), since lines wait in the router long before
 * it rejects them. Until they first do, their number doubles with each round, which takes as long as a line (slow start, RFC 5681).
 */
export class LineConcurrency {
  readonly #max: number;
  #limit: number;
  #isSlowStart = true;
  #successes = 0;
  /** Of this round, in milliseconds. */
  #waited = 0;
  #worked = 0;
  #decreasedAt = -Infinity;

  /** @param start how many run at the beginning. Default 8. */
  constructor(max: number, start = 8) {
    this.#max = max;
    this.#limit = Math.min(start, max);
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  /**
   * A line has got a response. Once as many have as run at the same time, there are more or fewer.
   * @param waitedMs how much of the time it waited for a worker.
   */
  succeeded(totalMs: number, waitedMs: number): void {
    this.#successes += 1;
    this.#waited += waitedMs;
    this.#worked += Math.max(0, totalMs - waitedMs);
    if (this.#successes < this.limit) return;
    const waited = this.#waited / this.#successes;
    const worked = this.#worked / this.#successes;
    this.#beginRound();
    const aimed = Math.min(WAIT_MS_MAX, Math.max(WAIT_MS_MIN, worked * WAIT_PART));
    if (waited <= aimed) return this.#set(this.#isSlowStart ? this.#limit * 2 : this.#limit + 1);
    this.#isSlowStart = false;
    // What waits longer than it should is the part that is too much (Little's law).
    if (waited > aimed * TOLERANCE) this.#set((this.#limit * (worked + aimed)) / (worked + waited));
  }

  /** The workers had no room for a line. Several at the same time count once. */
  overloaded(now = performance.now()): void {
    if (now - this.#decreasedAt < DECREASE_MS) return;
    this.#decreasedAt = now;
    this.#isSlowStart = false;
    this.#beginRound();
    this.#set(this.#limit / 2);
  }

  #set(limit: number): void {
    this.#limit = Math.min(this.#max, Math.max(1, limit));
  }

  #beginRound(): void {
    this.#successes = 0;
    this.#waited = 0;
    this.#worked = 0;
  }
}

const DECREASE_MS = 1_000;
/** How long a line should wait, as a part of the time that it is worked on: so long that a worker finds the next one. */
const WAIT_PART = 0.1;
const WAIT_MS_MIN = 50;
const WAIT_MS_MAX = 5_000;
/** Within it the number stays. */
const TOLERANCE = 1.5;
