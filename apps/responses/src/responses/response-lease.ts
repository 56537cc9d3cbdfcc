import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { ResponseClaim, ResponseRunsRepository } from './response-runs.repository.ts';

/** For how long a response belongs to the process that runs it, unless it renews that. */
export const LEASE_MS = 15_000;
const RENEW_MS = 4_000;

/** Keeps a response for this process. The signal is aborted when it is lost, such as by its cancellation, and by the caller. */
export class ResponseLease {
  readonly signal: AbortSignal;
  readonly #claim: ResponseClaim;
  readonly #runs: ResponseRunsRepository;
  readonly #log: Logger;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  /** Undefined until its beginning is stored. */
  #renewedAt: number | undefined;

  /** @param begun resolves when the beginning of the response is stored, if that is not the case yet. */
  constructor(
    claim: ResponseClaim,
    runs: ResponseRunsRepository,
    log: Logger,
    signal: AbortSignal,
    begun: Promise<void> = Promise.resolve(),
  ) {
    this.#claim = claim;
    this.#runs = runs;
    this.#log = log;
    this.signal = AbortSignal.any([this.#lost.signal, signal]);
    this.#timer = setInterval(() => void this.check(), RENEW_MS);
    const startedAt = performance.now();
    void begun.then(
      () => (this.#renewedAt = startedAt),
      () => undefined,
    );
  }

  get isLost(): boolean {
    return this.#lost.signal.aborted;
  }

  lose(why: AppError = new AppError('response.lost')): void {
    this.#lost.abort(why);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  /** Renews it, unless it is lost. */
  async check(): Promise<void> {
    if (this.#renewedAt === undefined || this.isLost) return;
    const startedAt = performance.now();
    // Also if the database does not respond at all, or the process was suspended.
    if (startedAt - this.#renewedAt > LEASE_MS) return this.lose();
    try {
      if (await this.#runs.renew(this.#claim, LEASE_MS)) this.#renewedAt = startedAt;
      else this.lose();
    } catch (error) {
      this.#log.warn('lease of a response not renewed', { responseId: this.#claim.id, error });
    }
  }
}
