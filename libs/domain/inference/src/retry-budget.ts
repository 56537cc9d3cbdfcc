/**
 * How many requests may be tried again. Each request earns a part of a retry, so that retries stay a small share of
 * the traffic whatever fails; a reserve lets single failures be retried at low traffic.
 */
export class RetryBudget {
  readonly #earnedPerRequest: number;
  readonly #reserve: number;
  #balance: number;

  /** @param share retries per request, default 0.1. @param reserve retries that may be saved up, default 20. */
  constructor(share = 0.1, reserve = 20) {
    this.#earnedPerRequest = share;
    this.#reserve = reserve;
    this.#balance = reserve;
  }

  earn(): void {
    this.#balance = Math.min(this.#reserve, this.#balance + this.#earnedPerRequest);
  }

  /** @returns whether one more retry is affordable; it is then spent. */
  spend(): boolean {
    if (this.#balance < 1) return false;
    this.#balance -= 1;
    return true;
  }
}
