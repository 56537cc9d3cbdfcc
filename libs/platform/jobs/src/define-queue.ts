/**
 * The contract of a queue: a value that producer, handler and sweeper share. A job is a wake-up that names what to work on. It holds
 * ids, never content: Redis stores jobs as plain text, and may lose them at any time, while the truth is in PostgreSQL.
 */
import type { z } from 'zod';

/** A job with more than this is no list of ids. */
const JOB_BYTES_MAX = 1_024;
const NAME = /^[a-z][a-z0-9-]{0,47}$/;
/** BullMQ reserves `:`, and ids that are numbers. */
const JOB_ID = /^(?!\d+$)[A-Za-z0-9_.-]{1,128}$/;

export interface QueueContract<Job extends z.ZodType = z.ZodType> {
  /** Lower-case words joined by `-`, such as `batch-runs`. */
  readonly name: string;
  /** Ids only, as JSON of at most 1 KiB. */
  readonly job: Job;
  /**
   * Names the wake-up, from its ids: 1 to 128 letters, digits, `_`, `-` or `.`, and not only digits. While a job with this id waits,
   * runs or is delayed, adding it again changes nothing.
   */
  readonly jobId: (job: z.output<Job>) => string;
}

/** The ids of a job. */
export type JobOf<Queue extends QueueContract> = z.output<Queue['job']>;

/** A validated job, as it is stored. */
export interface EncodedJob {
  readonly jobId: string;
  readonly job: unknown;
}

/**
 * @throws {RangeError} for an invalid name.
 * @example
 * export const batchRuns = defineQueue({ name: 'batch-runs', job: z.object({ batchId: z.uuid() }), jobId: ({ batchId }) => batchId });
 */
export function defineQueue<Job extends z.ZodType>(contract: QueueContract<Job>): QueueContract<Job> {
  if (!NAME.test(contract.name))
    throw new RangeError(`Queue '${contract.name}': the name must be lower-case words joined by -`);
  return contract;
}

/** The name at BullMQ. All keys of a queue have the hash tag, so that Redis Cluster keeps them on one node. */
export function redisNameOf({ name }: Pick<QueueContract, 'name'>): string {
  return `{q-${name}}`;
}

/** @throws {Error} for a job that does not match its contract, and {RangeError} for one above 1 KiB or with an invalid id. */
export function encodeJob<Queue extends QueueContract>(queue: Queue, job: z.input<Queue['job']>): EncodedJob {
  const parsed = queue.job.parse(job);
  const bytes = Buffer.byteLength(JSON.stringify(parsed));
  if (bytes > JOB_BYTES_MAX)
    throw new RangeError(
      `A job of ${queue.name} has ${bytes} bytes, more than ${JOB_BYTES_MAX}: it must hold ids, not content.`,
    );
  const jobId = queue.jobId(parsed);
  if (!JOB_ID.test(jobId)) throw new RangeError(`A job of ${queue.name} has an invalid id.`);
  return { jobId, job: parsed };
}
