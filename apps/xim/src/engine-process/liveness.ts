/**
 * Judges from observations whether a server that has been ready still works. Two signs of a hang: it does not respond to health
 * probes, and nothing has come from it otherwise; or it has requests, and its own counter of steps stands still.
 */
import type { ServerLoad } from './server-load.ts';

export type Verdict = 'works' | 'unhealthy' | 'hung';

export class Liveness {
  readonly #hangMs: number;
  #aliveAt: number;
  #steppedAt: number;
  #steps: number | undefined;

  /** @param hangMs time without a sign of life after which the server counts as hung; after a quarter of it, as unhealthy. */
  constructor(hangMs: number, now: number) {
    this.#hangMs = hangMs;
    this.#aliveAt = now;
    this.#steppedAt = now;
  }

  /** It responded to a health probe. */
  responded(now: number): void {
    this.#aliveAt = now;
  }

  /** Some of its work produced data. */
  progressed(now: number): void {
    this.#aliveAt = now;
    this.#steppedAt = now;
  }

  reported({ running, waiting, totals: { steps } }: ServerLoad, now: number): void {
    const isBusy = (running ?? 0) + (waiting ?? 0) > 0;
    // A server that does not count its steps cannot be judged by them.
    if (!isBusy || steps === undefined || steps !== this.#steps) this.#steppedAt = now;
    this.#steps = steps;
  }

  verdict(now: number): Verdict {
    const silentMs = Math.max(now - this.#aliveAt, now - this.#steppedAt);
    if (silentMs > this.#hangMs) return 'hung';
    return silentMs > this.#hangMs / 4 ? 'unhealthy' : 'works';
  }
}
