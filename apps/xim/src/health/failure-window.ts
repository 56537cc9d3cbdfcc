/**
 * A sliding window of the latest outcomes of an engine, which decides whether the engine is suspicious. Pure: the caller passes
 * the time.
 *
 * Suspicion is not a verdict, since a request can make a healthy engine fail too: the caller probes the engine.
 */
export interface FailureWindowLimits {
  /** Maximum number of outcomes in the window. Default 20. */
  readonly size: number;
  /** Older outcomes are ignored. Default 60,000. */
  readonly ageMaxMs: number;
  /** Consecutive failures that are suspicious. Default 3. */
  readonly consecutiveMax: number;
  /** Failure rate that is suspicious, once there are `sampleMin` outcomes. Default 0.3. */
  readonly failureRateMax: number;
  /** Outcomes below which there is no failure rate. Default 6. */
  readonly sampleMin: number;
}

export const failureWindowDefaults: FailureWindowLimits = {
  size: 20,
  ageMaxMs: 60_000,
  consecutiveMax: 3,
  failureRateMax: 0.3,
  sampleMin: 6,
};

export class FailureWindow {
  readonly #limits: FailureWindowLimits;
  #outcomes: { readonly at: number; readonly failed: boolean }[] = [];
  #consecutive = 0;

  constructor(limits: Partial<FailureWindowLimits> = {}) {
    this.#limits = { ...failureWindowDefaults, ...limits };
  }

  succeeded(now: number): void {
    this.#consecutive = 0;
    this.#add({ at: now, failed: false });
  }

  failed(now: number): void {
    this.#consecutive += 1;
    this.#add({ at: now, failed: true });
  }

  /** The engine was busy. That counts as a consecutive failure only, since a single one is just load. */
  rejected(): void {
    this.#consecutive += 1;
  }

  /** Removes all outcomes, which a passed probe outdates. */
  clear(): void {
    this.#outcomes = [];
    this.#consecutive = 0;
  }

  suspicious(now: number): boolean {
    if (this.#consecutive >= this.#limits.consecutiveMax) return true;
    return this.#recent(now).length >= this.#limits.sampleMin && this.failureRate(now) >= this.#limits.failureRateMax;
  }

  /** Returns the share of the recent outcomes that failed, 0 to 1; 0 below `sampleMin` outcomes. */
  failureRate(now: number): number {
    const recent = this.#recent(now);
    if (recent.length < this.#limits.sampleMin) return 0;
    return recent.filter(({ failed }) => failed).length / recent.length;
  }

  #recent(now: number): readonly { readonly failed: boolean }[] {
    return this.#outcomes.filter(({ at }) => now - at <= this.#limits.ageMaxMs);
  }

  #add(outcome: { readonly at: number; readonly failed: boolean }): void {
    this.#outcomes.push(outcome);
    if (this.#outcomes.length > this.#limits.size) this.#outcomes.shift();
  }
}
