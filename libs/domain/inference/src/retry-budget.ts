/**
 * Bounds how many generations may be on a further attempt at the same time. Where one worker of several fails, that is all of
 * its work at once, and each of it may move; where all engines fail, retries must not multiply the load.
 *
 * Counted as Envoy's retry budgets are: a share of what is in flight, with a floor for little traffic.
 */
export class RetryBudget {
  readonly #share: number;
  readonly #floor: number;
  #running = 0;
  #retrying = 0;

  /** @param share of the generations in flight, default 0.5. @param floor retries that are always allowed, default 64. */
  constructor(share = 0.5, floor = 64) {
    this.#share = share;
    this.#floor = floor;
  }

  /** A generation begins. */
  enter(): void {
    this.#running += 1;
  }

  /** It is over. */
  leave(): void {
    this.#running -= 1;
  }

  /** @returns whether one more retry is allowed now; it is taken then, until {@link release}. */
  acquire(): boolean {
    if (this.#retrying >= Math.max(this.#floor, this.#running * this.#share)) return false;
    this.#retrying += 1;
    return true;
  }

  /** A retry has its first data, or is over. */
  release(): void {
    this.#retrying -= 1;
  }
}
