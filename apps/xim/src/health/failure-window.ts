/**
 * The latest outcomes of an engine, and whether they give reason to suspect it. Pure, with the time given.
 *
 * Suspicion is no verdict: requests can make a sound engine fail too. Whoever asks has the engine checked.
 */
export interface FailureWindowLimits {
  /** Outcomes that are looked at. Default 20. */
  readonly size: number;
  /** Older outcomes say nothing about now. Default 60,000. */
  readonly ageMaxMs: number;
  /** Failures in a row that are suspicious. Default 3. */
  readonly consecutiveMax: number;
  /** Share of failures that is suspicious, once there are `sampleMin` outcomes. Default 0.3. */
  readonly shareMax: number;
  /** Default 6. */
  readonly sampleMin: number;
}

export const failureWindowDefaults: FailureWindowLimits = {
  size: 20,
  ageMaxMs: 60_000,
  consecutiveMax: 3,
  shareMax: 0.3,
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

  /** It was too busy: only in a row is that more than load. */
  rejected(): void {
    this.#consecutive += 1;
  }

  /** Forgets everything: what is known since is better than what was. */
  clear(): void {
    this.#outcomes = [];
    this.#consecutive = 0;
  }

  suspicious(now: number): boolean {
    if (this.#consecutive >= this.#limits.consecutiveMax) return true;
    return this.#recent(now).length >= this.#limits.sampleMin && this.failureRate(now) >= this.#limits.shareMax;
  }

  /** Share of the recent outcomes that failed, 0 to 1; 0 while there are few of them. */
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
