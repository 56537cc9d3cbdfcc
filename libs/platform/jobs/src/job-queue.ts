import { AppError } from '@xerotier/errors';
import type { RedisClient } from '@xerotier/redis';
import { attribute, endSpan, SpanKind, startSpan, withSpan } from '@xerotier/telemetry';
import { Queue } from 'bullmq';
import type { JobsOptions } from 'bullmq';
import type { z } from 'zod';
import { encodeJob, redisNameOf } from './define-queue.ts';
import type { QueueContract } from './define-queue.ts';
import { metrics } from './metrics.ts';
import { queueError } from './queue-errors.ts';
import { storedJob } from './stored-job.ts';

export interface AddOptions {
  /** Time until the job may start, in milliseconds. Default 0. */
  readonly delayMs?: number;
  /** 1 (first) to 2,097,152. Default: before all jobs with a priority, in the order of adding. */
  readonly priority?: number;
}

export interface JobCounts {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
}

/** Failed jobs that are kept, to be looked at. */
const FAILED_MAX = 1_000;
/** BullMQ keeps the last events of a queue in a stream, which nothing here reads. */
const EVENTS_MAX = 100;

const JOB_OPTIONS: JobsOptions = {
  // The worker bounds the attempts, since only consecutive ones count.
  attempts: 1_000_000,
  backoff: { type: 'full-jitter' },
  // At once: its id may be added again.
  removeOnComplete: true,
  removeOnFail: { age: 7 * 24 * 60 * 60, count: FAILED_MAX },
  // They are stacks of this library, not of a handler.
  stackTraceLimit: 0,
};

/** Adds jobs, and never waits for an unavailable Redis. */
export class JobQueue<Contract extends QueueContract = QueueContract> {
  readonly contract: Contract;
  readonly #redis: RedisClient;
  #queue: Queue | undefined;

  /** @param redis a connection of `connectRedis` whose commands do not wait for the server. It stays the caller's. */
  constructor(contract: Contract, redis: RedisClient) {
    this.contract = contract;
    this.#redis = redis;
  }

  /** Whether adding is worth an attempt. */
  get isReachable(): boolean {
    return this.#redis.status === 'ready';
  }

  /**
   * Adds a job, unless one with its id waits, runs, is delayed or has failed. After `queue.unavailable` it may be in the queue or not.
   * @throws {AppError} `queue.unavailable` within a second if Redis is away, full, read-only or slow.
   * @throws {Error} for a job that does not fit its contract: a defect.
   */
  async add(job: z.input<Contract['job']>, { delayMs = 0, priority = 0 }: AddOptions = {}): Promise<void> {
    const { name } = this.contract;
    const encoded = encodeJob(this.contract, job);
    const span = startSpan(`send ${name}`, {
      kind: SpanKind.PRODUCER,
      attributes: {
        [attribute.messagingSystem]: 'bullmq',
        [attribute.messagingOperationType]: 'send',
        [attribute.messagingDestinationName]: name,
      },
    });
    const options = { ...JOB_OPTIONS, jobId: encoded.jobId, delay: delayMs, priority };
    try {
      await withSpan(span, () => this.#run((queue) => queue.add(name, storedJob(encoded.job, span), options)));
      metrics.added.inc({ queue: name, outcome: 'ok' });
      endSpan(span);
    } catch (error) {
      metrics.added.inc({ queue: name, outcome: 'unavailable' });
      endSpan(span, AppError.from(error));
      throw error;
    }
  }

  /** @throws {AppError} `queue.unavailable`. */
  async counts(): Promise<JobCounts> {
    const counts = await this.#run((queue) =>
      queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed'),
    );
    const { waiting = 0, prioritized = 0, active = 0, delayed = 0, failed = 0 } = counts;
    return { waiting: waiting + prioritized, active, delayed, failed };
  }

  /**
   * The ids of jobs that failed before a moment, in milliseconds since 1970.
   * @throws {AppError} `queue.unavailable`.
   */
  async failedBefore(moment: number): Promise<ReadonlySet<string>> {
    // Scored by their end. `getFailed` would load each job.
    const failed = await this.#run((queue) =>
      this.#redis.zrangebyscore(queue.toKey('failed'), '-inf', `(${moment}`, 'LIMIT', 0, FAILED_MAX),
    );
    return new Set(failed);
  }

  /** Removes a job that does not run. @throws {AppError} `queue.unavailable`. */
  async remove(jobId: string): Promise<void> {
    await this.#run((queue) => queue.remove(jobId));
  }

  /** Releases what is not the connection. */
  async close(): Promise<void> {
    await this.#queue?.close();
  }

  async #run<T>(work: (queue: Queue) => Promise<T>): Promise<T> {
    const { name } = this.contract;
    // BullMQ itself waits for a connection that is not ready.
    if (!this.isReachable) throw new AppError('queue.unavailable', { queue: name });
    try {
      return await work((this.#queue ??= this.#open()));
    } catch (error) {
      throw queueError(name, error);
    }
  }

  #open(): Queue {
    const queue = new Queue(redisNameOf(this.contract), {
      connection: this.#redis,
      // The check would be a command whose failure breaks the queue for good.
      skipVersionCheck: true,
      streams: { events: { maxLen: EVENTS_MAX } },
    });
    // The connection logs its loss itself.
    queue.on('error', () => undefined);
    return queue;
  }
}
