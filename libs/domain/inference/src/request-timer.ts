/**
 * Ends a request at its deadline, or when its stream has had no output for too long, with one timer for both. An output only sets a
 * flag, which the timer reads ten times per idle timeout: less than restarting a timer for each token, and nothing for the requests
 * that end before. So a stream ends after its idle timeout and at most a tenth more, never early.
 */
import { AppError } from '@xerotier/errors';

const CHECKS_PER_IDLE_TIMEOUT = 10;
/** Timers may fire a millisecond early. */
const TOLERANCE_MS = 1;

export interface RequestTimerOptions {
  /** In `performance.now()` milliseconds. */
  readonly deadlineAt: number;
  /** Infinity for none. */
  readonly idleTimeoutMs: number;
  /** Since when output is awaited, in `performance.now()` milliseconds; undefined while there cannot be any, which is not idle. */
  readonly awaitedSince: () => number | undefined;
  /** Called with `inference.deadline_exceeded` or `inference.idle_timeout`, once. */
  readonly expired: (error: AppError) => void;
}

export class RequestTimer {
  readonly #options: RequestTimerOptions;
  #timer: NodeJS.Timeout | undefined;
  #hasOutput = false;
  #activeAt = 0;

  constructor(options: RequestTimerOptions) {
    this.#options = options;
  }

  get deadlineAt(): number {
    return this.#options.deadlineAt;
  }

  begin(): void {
    this.#activeAt = performance.now();
    this.#schedule(this.#activeAt);
  }

  noteOutput(): void {
    this.#hasOutput = true;
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #schedule(now: number): void {
    const { deadlineAt, idleTimeoutMs } = this.#options;
    const remainingMs = deadlineAt - now;
    // Without an idle timeout that could expire before the deadline, the deadline is the only time to look.
    const idleMs = this.#activeAt + idleTimeoutMs < deadlineAt ? idleTimeoutMs : Infinity;
    this.#timer = setTimeout(() => this.#check(), Math.min(remainingMs, idleMs / CHECKS_PER_IDLE_TIMEOUT));
  }

  #check(): void {
    const { deadlineAt, idleTimeoutMs, awaitedSince, expired } = this.#options;
    const now = performance.now();
    if (now >= deadlineAt - TOLERANCE_MS) return expired(new AppError('inference.deadline_exceeded'));
    if (this.#hasOutput) this.#activeAt = now;
    this.#hasOutput = false;
    this.#activeAt = Math.max(this.#activeAt, awaitedSince() ?? now);
    if (now - this.#activeAt >= idleTimeoutMs) return expired(new AppError('inference.idle_timeout'));
    this.#schedule(now);
  }
}
