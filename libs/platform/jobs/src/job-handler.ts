import type { JobOf, QueueContract } from './define-queue.ts';

/**
 * What a handler says: the work is done, or that was a slice of it and the job goes on after a pause (0: behind the jobs that wait).
 * The pause survives the process.
 */
export type JobResult = 'done' | { readonly continueAfterMs: number };

export interface JobCall {
  readonly jobId: string;
  /**
   * Aborted when the job may run elsewhere (its lock is lost), or the service stops: end soon, and throw or return what is true. Work that
   * was not finished is repeated. It cannot fence a process that was suspended: only the database can (a version or fence in its rows).
   */
  readonly signal: AbortSignal;
  /**
   * Aborted only when the service stops: for work that has a lease and a fence of its own in the database, so that it need not end when
   * Redis has lost its job.
   */
  readonly stopping: AbortSignal;
}

/**
 * Works on a job. It is called again after a crash at any moment and must be idempotent.
 * @throws an `AppError` that is retryable: the job is repeated after a pause. Anything else: the job has failed, and is logged.
 */
export type JobHandler<Queue extends QueueContract = QueueContract> = (
  job: JobOf<Queue>,
  call: JobCall,
) => Promise<JobResult>;
