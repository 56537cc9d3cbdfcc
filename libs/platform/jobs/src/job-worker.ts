/**
 * Processes a queue. BullMQ delivers at least once: a job whose process dies loses its lock, and another process takes it within the lock
 * and two checks. A handler whose lock is lost is told so.
 */
import { AppError } from '@xerotier/errors';
import { withLogContext } from '@xerotier/log';
import type { Logger } from '@xerotier/log';
import type { RedisClient } from '@xerotier/redis';
import { attribute, endSpan, SpanKind, startSpan, withSpan } from '@xerotier/telemetry';
import { DelayedError, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import type { Job } from 'bullmq';
import { setTimeout as delay } from 'node:timers/promises';
import { redisNameOf } from './define-queue.ts';
import type { JobOf, QueueContract } from './define-queue.ts';
import type { JobHandler, JobResult } from './job-handler.ts';
import type { JobQueue } from './job-queue.ts';
import { JobRun } from './job-run.ts';
import { metrics } from './metrics.ts';
import { retryDelayMs } from './retry-delay.ts';
import type { RetryPolicy } from './retry-delay.ts';
import { logContextOf, producerOf } from './stored-job.ts';
import type { StoredJob } from './stored-job.ts';

/** How a queue is processed in one process. */
export interface WorkerSettings extends Partial<RetryPolicy> {
  /** Jobs at once. Default 1. */
  readonly concurrency?: number;
  /** A lock that is not renewed for this long is lost; it is renewed twice in this time. Default 10,000. */
  readonly lockMs?: number;
  /** Interval of the search for jobs without a lock. Default 5,000. */
  readonly stalledCheckMs?: number;
  /** How often a job may lose its lock before it fails, in its whole life. Default 100: each deployment may cost one. */
  readonly stallsMax?: number;
  /** How long running handlers may go on when the service stops, before their signal is aborted. Default 10,000. */
  readonly drainMs?: number;
}

export interface JobWorkerOptions<Contract extends QueueContract> extends WorkerSettings {
  readonly queue: JobQueue<Contract>;
  readonly handle: JobHandler<Contract>;
  /** A connection of `connectRedis` with `waitsForServer`. It stays the caller's. */
  readonly redis: RedisClient;
  readonly log: Logger;
}

type Ending =
  | { readonly outcome: 'done' | 'returned' | 'lost' }
  | { readonly outcome: 'continued'; readonly afterMs: number }
  | { readonly outcome: 'retried' | 'failed'; readonly error: Error };

/** How long BullMQ pauses after a failed command before it fetches again. */
const FETCH_RETRY_MS = 1_000;
/** Same errors of a loop are logged once in this time. */
const ERROR_LOG_INTERVAL_MS = 10_000;
/** How long a stop waits for handlers after their last signal, and for Redis after the last handler. */
const STOP_RESERVE_MS = 1_000;
const LOCK_LOST = 'The job has lost its lock.';
const DEFAULTS = {
  concurrency: 1,
  lockMs: 10_000,
  stalledCheckMs: 5_000,
  stallsMax: 100,
  drainMs: 10_000,
  attemptsMax: 10,
  pauseMs: 1_000,
  pauseMsMax: 60_000,
} as const satisfies Required<WorkerSettings>;

/** Tells BullMQ to repeat a job after this pause. Its message is stored in Redis. */
class Retry extends Error {
  readonly pauseMs: number;

  constructor(code: string, pauseMs: number) {
    super(code);
    this.pauseMs = pauseMs;
  }
}

/** Tells BullMQ that a job has failed. Its message, the code of the error, is stored in Redis. */
class Failure extends UnrecoverableError {}

/** BullMQ fetches again at once after an error reply, such as that of a full Redis, and would do nothing else. */
class PatientWorker extends Worker {
  protected override async moveToActive(token: string, name?: string): ReturnType<Worker['moveToActive']> {
    try {
      return await super.moveToActive(token, name);
    } catch (error) {
      await delay(FETCH_RETRY_MS);
      throw error;
    }
  }

  /** Renews no lock any more. */
  abandonJobs(): Promise<void> {
    return this.lockManager.close();
  }
}

export class JobWorker<Contract extends QueueContract = QueueContract> {
  readonly #options: JobWorkerOptions<Contract> & Required<WorkerSettings>;
  readonly #name: string;
  readonly #runs = new Map<string, JobRun>();
  readonly #open = (): void => void (this.#worker ??= this.#start());
  #worker: PatientWorker | undefined;
  #watch: NodeJS.Timeout | undefined;
  #endMetrics: (() => void) | undefined;
  #errorLoggedAt = -Infinity;

  constructor(options: JobWorkerOptions<Contract>) {
    this.#options = { ...DEFAULTS, ...options };
    this.#name = options.queue.contract.name;
  }

  /** Fetches jobs from now on, or once Redis is reachable. */
  start(): void {
    const { redis } = this.#options;
    if (redis.status === 'ready') this.#open();
    else redis.once('ready', this.#open);
  }

  /**
   * Fetches no more jobs, and resolves when the running ones have ended. Their signals are aborted after `drainMs`, or with the given
   * signal; a second after that it does not wait any longer, and their locks expire.
   */
  async stop(signal: AbortSignal): Promise<void> {
    const { redis, drainMs } = this.#options;
    redis.off('ready', this.#open);
    this.#endMetrics?.();
    if (this.#worker === undefined) return;
    const closed = this.#worker.close();
    const interrupt = (): void => this.#runs.forEach((run) => run.interrupt('stopping', 'The service stops.'));
    const timer = setTimeout(interrupt, drainMs);
    const ended = new AbortController();
    const aborted = new Promise<void>((resolve) => {
      const onAbort = (): void => {
        interrupt();
        resolve();
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true, signal: ended.signal });
    });
    await Promise.race([closed, aborted.then(() => delay(STOP_RESERVE_MS)), this.#endWithoutRedis(ended.signal)]);
    ended.abort();
    clearTimeout(timer);
    clearInterval(this.#watch);
    await this.#worker.abandonJobs();
  }

  /** Resolves when Redis is away and no handler runs: BullMQ would wait for Redis. Never resolves after the signal. */
  async #endWithoutRedis(signal: AbortSignal): Promise<void> {
    const isOver = (): boolean => this.#runs.size === 0 && this.#options.redis.status !== 'ready';
    for (;;) {
      await delay(STOP_RESERVE_MS, undefined, { signal }).catch(() => new Promise<never>(() => undefined));
      if (isOver()) return;
    }
  }

  #start(): PatientWorker {
    const { queue, redis, log, concurrency, lockMs, stalledCheckMs, stallsMax } = this.#options;
    const queueName = this.#name;
    const worker = new PatientWorker(redisNameOf(queue.contract), (job, token) => this.#process(job, token ?? ''), {
      connection: redis,
      concurrency,
      lockDuration: lockMs,
      stalledInterval: stalledCheckMs,
      maxStalledCount: stallsMax,
      runRetryDelay: FETCH_RETRY_MS,
      settings: { backoffStrategy: (_attempts, _type, error) => (error instanceof Retry ? error.pauseMs : 0) },
    });
    worker.on('lockRenewalFailed', (jobIds: string[]) => {
      for (const jobId of jobIds) this.#runs.get(jobId)?.interrupt('lost', LOCK_LOST);
    });
    worker.on('locksRenewed', ({ jobIds }: { jobIds: string[] }) => {
      for (const jobId of jobIds) this.#runs.get(jobId)?.lockRenewed();
    });
    worker.on('stalled', (jobId) => {
      metrics.stalled.inc({ queue: queueName });
      log.warn('job taken from a lost process', { queue: queueName, jobId });
    });
    worker.on('failed', (job, error) => {
      // Of BullMQ itself: a job that has lost its lock too often.
      if (error instanceof Retry || error instanceof Failure) return;
      log.error('job failed', { queue: queueName, jobId: job?.id, reason: error.message });
    });
    worker.on('error', (error) => this.#onError(error));
    this.#watch = setInterval(() => this.#runs.forEach((run) => run.interruptIfExpired(lockMs)), lockMs / 10).unref();
    this.#endMetrics = metrics.jobs.observe(async () => {
      const counts = Object.entries(await queue.counts());
      return counts.map(([state, value]) => [{ queue: queueName, state }, value as number] as const);
    });
    return worker;
  }

  async #process(job: Job, token: string): Promise<void> {
    const jobId = job.id ?? '';
    // Its lock was lost, and the handler of the earlier call has not ended yet: never two of them in one process.
    const earlier = this.#runs.get(jobId);
    if (earlier !== undefined) {
      earlier.interrupt('lost', LOCK_LOST);
      await this.#move(job, () => job.moveToDelayed(Date.now() + this.#options.lockMs, token));
      throw new DelayedError();
    }
    const run = new JobRun();
    this.#runs.set(jobId, run);
    const startedAt = performance.now();
    const ending = await this.#endingOf(job, run);
    this.#runs.delete(jobId);
    metrics.duration.observe({ queue: this.#name, outcome: ending.outcome }, (performance.now() - startedAt) / 1_000);
    await this.#settle(job, token, ending);
  }

  /** Calls the handler. Never rejects. */
  async #endingOf(job: Job, run: JobRun): Promise<Ending> {
    const { log, attemptsMax } = this.#options;
    const fields = { queue: this.#name, jobId: job.id };
    const [result, error] = await this.#handle(job, run).then(
      (resolved) => [resolved] as const,
      (rejected: unknown) => [undefined, rejected] as const,
    );
    if (run.interruption === 'lost') {
      log.warn('job lost its lock, it is repeated', fields);
      return { outcome: 'lost' };
    }
    if (result !== undefined)
      return result === 'done' ? { outcome: 'done' } : { outcome: 'continued', afterMs: result.continueAfterMs };
    if (run.interruption === 'stopping') return { outcome: 'returned' };
    const failure = AppError.from(error);
    const failures = job.attemptsMade - ((job.data as StoredJob).forgiven ?? 0) + 1;
    if (failure.retryable && failures < attemptsMax) {
      metrics.retries.inc({ queue: this.#name });
      const pauseMs = Math.max(retryDelayMs(failures, this.#options), (failure.retryAfterSeconds ?? 0) * 1_000);
      log.info('job attempt failed, retrying', { ...fields, code: failure.code, failures, pauseMs });
      return { outcome: 'retried', error: new Retry(failure.code, pauseMs) };
    }
    log.error('job failed', { ...fields, code: failure.code, failures, error });
    return { outcome: 'failed', error: new Failure(failure.code) };
  }

  /** Tells Redis what becomes of the job. BullMQ does it after a return or an error, unless it is one of these two errors. */
  async #settle(job: Job, token: string, ending: Ending): Promise<void> {
    if (ending.outcome === 'done') return;
    if (ending.outcome === 'retried' || ending.outcome === 'failed') throw ending.error;
    if (ending.outcome === 'continued') {
      await this.#move(job, () => this.#moveToDelayed(job, token, ending.afterMs));
      throw new DelayedError();
    }
    // At once, and not when its lock expires.
    if (ending.outcome === 'returned') await this.#move(job, () => job.moveToWait(token));
    throw new WaitingError();
  }

  /** A move that fails leaves the job as it is: it loses its lock, if it has not lost it already, and is repeated. */
  async #move(job: Job, move: () => Promise<unknown>): Promise<void> {
    try {
      await move();
    } catch (error) {
      this.#options.log.warn('job could not be moved, it is repeated', {
        queue: this.#name,
        jobId: job.id,
        error,
      });
      throw new WaitingError();
    }
  }

  /** One step, from running to delayed: a process that dies before it loses the lock, and after it has nothing left to do. */
  async #moveToDelayed(job: Job, token: string, afterMs: number): Promise<void> {
    const stored = job.data as StoredJob;
    if (job.attemptsMade > (stored.forgiven ?? 0)) await job.updateData({ ...stored, forgiven: job.attemptsMade });
    await job.moveToDelayed(Date.now() + afterMs, token);
  }

  async #handle(job: Job, run: JobRun): Promise<JobResult> {
    const { queue, handle } = this.#options;
    const stored = job.data as StoredJob;
    return withLogContext(logContextOf(stored), async () => {
      // A trace of its own: the job may run much later, and many times.
      const span = startSpan(`process ${this.#name}`, {
        kind: SpanKind.CONSUMER,
        parent: null,
        links: producerOf(stored),
        attributes: {
          [attribute.messagingSystem]: 'bullmq',
          [attribute.messagingOperationType]: 'process',
          [attribute.messagingDestinationName]: this.#name,
        },
      });
      try {
        const ids = queue.contract.job.parse(stored.job) as JobOf<Contract>;
        const call = { jobId: job.id ?? '', signal: run.signal, stopping: run.stopping };
        const result = await withSpan(span, () => handle(ids, call));
        endSpan(span);
        return result;
      } catch (error) {
        endSpan(span, AppError.from(error));
        throw error;
      }
    });
  }

  /** Of commands of the loop, and of moves without a lock; never of a handler. */
  #onError(error: Error): void {
    const now = performance.now();
    if (now - this.#errorLoggedAt >= ERROR_LOG_INTERVAL_MS) {
      this.#errorLoggedAt = now;
      this.#options.log.warn('queue failed, retrying', { queue: this.#name, error });
    }
  }
}
