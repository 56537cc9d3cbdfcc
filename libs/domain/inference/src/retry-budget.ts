/**
 * Bounds the number of concurrent retries. When one of several workers fails, all of its generations may be retried; when all
 * engines fail, retries must not multiply the load.
 *
 * As in Envoy's retry budgets, it is a share of the generations in flight, with a floor for low traffic.
 */
export class RetryBudget {
  readonly #share: number;
  readonly #floor: number;
  #running = 0;
  #retrying = 0;

  /**
   * @param share of the generations in flight that may be retries. Default 0.5.
   * @param floor number of retries that are always allowed. Default 64.
   */
  constructor(share = 0.5, floor = 64) {
    this.#share = share;
    this.#floor = floor;
  }

  /** Counts a generation that starts. */
  enter(): void {
    this.#running += 1;
  }

  /** Counts a generation that has ended. */
  leave(): void {
    this.#running -= 1;
  }

  /** Takes a retry from the budget until {@link release}. @returns false if the budget is exhausted. */
  acquire(): boolean {
    if (this.#retrying >= Math.max(this.#floor, this.#running * this.#share)) return false;
    this.#retrying += 1;
    return true;
  }

  /** Returns a retry to the budget, once it has its first data or has ended. */
  release(): void {
    this.#retrying -= 1;
  }
}
