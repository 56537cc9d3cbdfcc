import { AppError } from '@xerotier/errors';

/**
 * Replies of a server that works on nothing at the moment: out of memory, read-only (a replica, or after a failover), loading its
 * data, unable to write to its disk, without its cluster, or with other credentials. Redis 6 puts the reply of a script into a sentence.
 */
const UNAVAILABLE_REPLY =
  /\b(?:OOM|READONLY|LOADING|MISCONF|BUSY|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOAUTH|WRONGPASS|NOPERM)\b/;
/** Of ioredis and BullMQ, which have no common class. */
const CONNECTION_MESSAGE =
  /Command timed out|Connection is closed|enableOfflineQueue|max retries per request|Socket closed/i;

/** Whether Redis is the reason, and not a defect of the caller. */
export function isRedisUnavailability(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && /^E[A-Z]{3,}$/.test(code)) return true;
  return UNAVAILABLE_REPLY.test(error.message) || CONNECTION_MESSAGE.test(error.message);
}

/** @returns `queue.unavailable`, with its cause, or the error itself. */
export function queueError(queue: string, error: unknown): unknown {
  return isRedisUnavailability(error) ? new AppError('queue.unavailable', { queue }, { cause: error }) : error;
}
