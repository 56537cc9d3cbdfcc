import type { Logger } from '@xerotier/log';
import { PeriodicTask } from '@xerotier/service-host';
import type { z } from 'zod';
import { encodeJob } from './define-queue.ts';
import type { QueueContract } from './define-queue.ts';
import type { JobQueue } from './job-queue.ts';

export interface SweeperOptions {
  /** Default 5,000. */
  readonly intervalMs?: number;
  /** How long a failed job stays failed while its work is unfinished; then it is tried again. Default 600,000. */
  readonly failedRetryMs?: number;
}

const INTERVAL_MS = 5_000;
const FAILED_RETRY_MS = 10 * 60 * 1_000;
/** Adds that wait for Redis at once. */
const BATCH = 100;
/** Per sweep; the others follow when these are done. */
const JOBS_MAX = 10_000;

/**
 * Adds the jobs of unfinished work again and again: what Redis has is not changed, what it has lost is repaired. So the database alone
 * decides what is left to do, and adding a job after a commit is only faster. Every replica sweeps.
 */
export abstract class JobSweeper<Contract extends QueueContract> extends PeriodicTask {
  readonly #queue: JobQueue<Contract>;
  readonly #failedRetryMs: number;

  constructor(
    queue: JobQueue<Contract>,
    log: Logger,
    { intervalMs = INTERVAL_MS, failedRetryMs = FAILED_RETRY_MS }: SweeperOptions = {},
  ) {
    const fields = { queue: queue.contract.name };
    super({ intervalMs, startsAtOnce: true, failure: 'sweep failed, retrying', fields, log });
    this.#queue = queue;
    this.#failedRetryMs = failedRetryMs;
  }

  /** The ids of all work that is due and not finished, the oldest first. Work that must not be tried again is finished. */
  protected abstract unfinished(): AsyncIterable<z.input<Contract['job']>>;

  protected override run(): Promise<void> {
    return this.sweep();
  }

  /** @throws {AppError} `queue.unavailable`. What `unfinished` throws. */
  async sweep(): Promise<void> {
    // The connection has logged it.
    if (!this.#queue.isReachable) return;
    const failed = await this.#queue.failedBefore(Date.now() - this.#failedRetryMs);
    const ensureAll = (jobs: readonly z.input<Contract['job']>[]): Promise<unknown> =>
      Promise.all(jobs.map((job) => this.#ensure(job, failed)));
    let batch: z.input<Contract['job']>[] = [];
    let total = 0;
    for await (const job of this.unfinished()) {
      if (this.isStopping || total >= JOBS_MAX) break;
      total += 1;
      batch.push(job);
      if (batch.length < BATCH) continue;
      await ensureAll(batch);
      batch = [];
    }
    await ensureAll(batch);
  }

  async #ensure(job: z.input<Contract['job']>, failed: ReadonlySet<string>): Promise<void> {
    const { jobId } = encodeJob(this.#queue.contract, job);
    // It would be a duplicate for as long as it is kept.
    if (failed.has(jobId)) await this.#queue.remove(jobId);
    await this.#queue.add(job);
  }
}
