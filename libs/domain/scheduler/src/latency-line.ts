/** Weight of a new observation: about the last fifty count. */
const WEIGHT = 0.04;
/** Observations until a line of its own is trusted as much as the one that it begins with. */
const PRIOR_OBSERVATIONS = 5;

/**
 * A latency as a line over the work before it, such as the time to the first token over the number of tokens to be computed: exponentially
 * weighted least squares, so that it follows an engine that becomes slower.
 */
export class LatencyLine {
  readonly #prior: { readonly baseMs: number; readonly perUnitMs: number };
  #count = 0;
  #meanX = 0;
  #meanY = 0;
  #varianceX = 0;
  #covariance = 0;

  /** @param prior the line before anything was observed. */
  constructor(prior: { readonly baseMs: number; readonly perUnitMs: number }) {
    this.#prior = prior;
  }

  observe(units: number, ms: number): void {
    this.#count += 1;
    const weight = Math.max(WEIGHT, 1 / this.#count);
    const [dx, dy] = [units - this.#meanX, ms - this.#meanY];
    this.#meanX += weight * dx;
    this.#meanY += weight * dy;
    this.#varianceX = (1 - weight) * (this.#varianceX + weight * dx * dx);
    this.#covariance = (1 - weight) * (this.#covariance + weight * dx * dy);
  }

  /** Returns the latency in milliseconds that is expected for so much work; at least 0. */
  at(units: number): number {
    const prior = this.#prior.baseMs + this.#prior.perUnitMs * units;
    if (this.#count === 0) return prior;
    const trust = this.#count / (this.#count + PRIOR_OBSERVATIONS);
    return trust * Math.max(0, this.#observed(units)) + (1 - trust) * prior;
  }

  #observed(units: number): number {
    // Without a spread of the work, only its level is known.
    const slope = this.#varianceX < 1 ? this.#prior.perUnitMs : Math.max(0, this.#covariance / this.#varianceX);
    return this.#meanY + slope * (units - this.#meanX);
  }
}
