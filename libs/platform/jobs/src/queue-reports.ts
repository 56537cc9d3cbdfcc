/** What is in the queues of a Redis, for people. Reads only. */
import type { RedisClient } from '@xerotier/redis';
import { Queue } from 'bullmq';
import type { Job } from 'bullmq';

export interface ReportedJob {
  readonly id: string;
  readonly state: 'waiting' | 'active' | 'delayed' | 'failed';
  /** When it was added, began, is due, or failed: by state, in ISO 8601. */
  readonly at: string;
  /** Code of the error of a failed job. */
  readonly reason?: string;
  /** Failed attempts. */
  readonly attempts: number;
}

export interface QueueReport {
  readonly name: string;
  readonly counts: Readonly<Record<ReportedJob['state'], number>>;
  /** The first ones of each state. */
  readonly jobs: readonly ReportedJob[];
}

const KEYS = 'bull:{q-*}:meta';
const NAME = /^bull:(\{q-(.+)\}):meta$/;

/**
 * @param jobsMax of each state and queue. Default 10.
 * @returns all queues that have ever had a job, by name.
 */
export async function queueReports(redis: RedisClient, jobsMax = 10): Promise<QueueReport[]> {
  const keys = new Set<string>();
  for await (const found of redis.scanStream({ match: KEYS, count: 1_000 }) as AsyncIterable<string[]>)
    for (const key of found) keys.add(key);
  const reports: QueueReport[] = [];
  for (const key of [...keys].sort()) {
    const [, redisName = '', name = ''] = NAME.exec(key) ?? [];
    reports.push(await reportOf(redis, redisName, name, jobsMax));
  }
  return reports;
}

async function reportOf(redis: RedisClient, redisName: string, name: string, jobsMax: number): Promise<QueueReport> {
  const queue = new Queue(redisName, { connection: redis, skipVersionCheck: true, skipMetasUpdate: true });
  queue.on('error', () => undefined);
  try {
    const counts = await queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed');
    const last = jobsMax - 1;
    const due = await dueTimes(redis, `bull:${redisName}:delayed`, last);
    const jobs = [
      ...(await queue.getWaiting(0, last)).map((job) => reported('waiting', job, job.timestamp)),
      ...(await queue.getPrioritized(0, last)).map((job) => reported('waiting', job, job.timestamp)),
      ...(await queue.getActive(0, last)).map((job) => reported('active', job, job.processedOn)),
      ...(await queue.getDelayed(0, last)).map((job) => reported('delayed', job, due.get(job.id ?? ''))),
      ...(await queue.getFailed(0, last)).map((job) => reported('failed', job, job.finishedOn)),
    ];
    const { waiting = 0, prioritized = 0, active = 0, delayed = 0, failed = 0 } = counts;
    return { name, counts: { waiting: waiting + prioritized, active, delayed, failed }, jobs };
  } finally {
    await queue.close();
  }
}

/** BullMQ does not return it: the scores of delayed jobs are milliseconds, and 12 bits that order those of one millisecond. */
async function dueTimes(redis: RedisClient, key: string, last: number): Promise<ReadonlyMap<string, number>> {
  const entries = await redis.zrange(key, 0, last, 'WITHSCORES');
  return new Map(
    entries.flatMap((id, at) => (at % 2 === 0 ? [[id, Math.floor(Number(entries[at + 1]) / 0x1000)] as const] : [])),
  );
}

function reported(state: ReportedJob['state'], job: Job, at = 0): ReportedJob {
  return {
    id: job.id ?? '',
    state,
    at: new Date(at).toISOString(),
    ...(state === 'failed' && { reason: job.failedReason }),
    attempts: job.attemptsMade,
  };
}
