import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { Batch } from '../batches/batch.entity.ts';
import type { BatchesRepository } from '../batches/batches.repository.ts';

/** For how long a batch belongs to the process that works on it, unless it renews that. A killed one is replaced after it. */
export const LEASE_MS = 10_000;
const RENEW_MS = 3_000;

/** Keeps a batch for this process. The signal is aborted when it is lost, and by the job. */
export class Lease {
  readonly signal: AbortSignal;
  readonly #batch: Batch;
  readonly #batches: BatchesRepository;
  readonly #log: Logger;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #renewedAt = performance.now();

  constructor(batch: Batch, batches: BatchesRepository, log: Logger, jobSignal: AbortSignal) {
    this.#batch = batch;
    this.#batches = batches;
    this.#log = log;
    this.signal = AbortSignal.any([this.#lost.signal, jobSignal]);
    this.#timer = setInterval(() => void this.#renew(), RENEW_MS);
  }

  async #renew(): Promise<void> {
    const startedAt = performance.now();
    try {
      if (await this.#batches.renew(this.#batch, LEASE_MS)) this.#renewedAt = startedAt;
      else this.#lose();
    } catch (error) {
      this.#log.warn('lease of a batch not renewed', { batch: this.#batch.id, error });
      if (performance.now() - this.#renewedAt > LEASE_MS) this.#lose();
    }
  }

  #lose(): void {
    this.#lost.abort(new AppError('batch.stale_lease'));
  }

  /** Lets another process take the batch at once. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#lost.signal.aborted) return;
    await this.#batches
      .release(this.#batch)
      .catch((error: unknown) => this.#log.warn('lease of a batch not released', { batch: this.#batch.id, error }));
  }
}
