/** When a server that has failed is started again: with exponential back-off and full jitter, slower in a crash loop. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface RestartTimes {
  /** Upper bound of the first pause; doubled for each further failure in a row. Default 1,000. */
  readonly pauseMs: number;
  /** Default 60,000. */
  readonly pauseMaxMs: number;
  /** Pause in a crash loop. Default 300,000. */
  readonly crashLoopPauseMs: number;
  /** A server that was ready for this long has not failed in a row with the failure before. Default 60,000. */
  readonly stableMs: number;
}

export const restartTimesDefaults: RestartTimes = {
  pauseMs: 1_000,
  pauseMaxMs: 60_000,
  crashLoopPauseMs: 300_000,
  stableMs: 60_000,
};

export class RestartPolicy {
  readonly #times: RestartTimes;
  readonly #failuresMax: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(failuresMax: number, times: RestartTimes, random: () => number = Math.random) {
    this.#failuresMax = failuresMax;
    this.#times = times;
    this.#random = random;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  get isCrashLoop(): boolean {
    return this.#failures >= this.#failuresMax;
  }

  /** @param readyForMs how long the server was ready; 0: never. */
  failed(readyForMs: number): void {
    this.#failures = readyForMs >= this.#times.stableMs ? 1 : this.#failures + 1;
  }

  nextPauseMs(): number {
    const { pauseMs, pauseMaxMs, crashLoopPauseMs } = this.#times;
    if (this.isCrashLoop) return crashLoopPauseMs;
    return this.#random() * Math.min(pauseMaxMs, pauseMs * 2 ** (this.#failures - 1));
  }

  async pause(signal: AbortSignal): Promise<void> {
    await sleep(this.nextPauseMs(), undefined, { signal }).catch(() => undefined);
  }
}
