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
  #renewedAt = performance.now();

  constructor(claim: ResponseClaim, runs: ResponseRunsRepository, log: Logger, signal: AbortSignal) {
    this.#claim = claim;
    this.#runs = runs;
    this.#log = log;
    this.signal = AbortSignal.any([this.#lost.signal, signal]);
    this.#timer = setInterval(() => void this.#renew(), RENEW_MS);
  }

  get isLost(): boolean {
    return this.#lost.signal.aborted;
  }

  lose(): void {
    this.#lost.abort(new AppError('response.lost'));
  }

  end(): void {
    clearInterval(this.#timer);
  }

  async #renew(): Promise<void> {
    const startedAt = performance.now();
    try {
      if (await this.#runs.renew(this.#claim, LEASE_MS)) this.#renewedAt = startedAt;
      else this.lose();
    } catch (error) {
      this.#log.warn('lease of a response not renewed', { responseId: this.#claim.id, error });
      if (performance.now() - this.#renewedAt > LEASE_MS) this.lose();
    }
  }
}
