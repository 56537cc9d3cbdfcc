/** Part of the lock's time after which it counts as lost: earlier than in Redis, and later than any renewal. */
const EXPIRING = 0.9;

/** One call of a handler, and whether it may go on. */
export class JobRun {
  readonly #abort = new AbortController();
  readonly #stopping = new AbortController();
  /** When the lock was known to be ours, of `performance.now()`. */
  #lockedAt = performance.now();
  #interruption: 'lost' | 'stopping' | undefined;

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Aborted when the service stops. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Why it must not go on; that the lock is lost outweighs that the service stops. */
  get interruption(): 'lost' | 'stopping' | undefined {
    return this.#interruption;
  }

  lockRenewed(): void {
    this.#lockedAt = performance.now();
  }

  /** Redis may be unreachable, so that nobody tells that the lock has expired there. */
  interruptIfExpired(lockMs: number): void {
    if (performance.now() - this.#lockedAt >= EXPIRING * lockMs)
      this.interrupt('lost', 'Redis does not confirm the lock of the job.');
  }

  /** @param message of the reason of the signal. */
  interrupt(interruption: 'lost' | 'stopping', message: string): void {
    if (interruption === 'stopping') this.#stopping.abort(new Error(message));
    // A lock that is lost while the service stops must not be released.
    if (this.#interruption === 'lost') return;
    this.#interruption = interruption;
    this.#abort.abort(new Error(message));
  }
}
