/** Redis must not evict queues: with any policy but `noeviction` it deletes keys when its memory is full, and jobs are gone in silence. */
import type { RedisClient } from '@xerotier/redis';

const SETTING = 'maxmemory-policy';

/**
 * @throws {Error} naming the setting, if Redis may evict keys. Errors of Redis itself, such as that it is not connected.
 */
export async function assertNoEviction(redis: RedisClient): Promise<void> {
  const policy = await policyOf(redis);
  if (policy === 'noeviction' || policy === undefined) return;
  throw new Error(
    `Redis has '${SETTING} ${policy}': it would delete jobs when its memory is full. Set '${SETTING} noeviction' (CONFIG SET ${SETTING} noeviction, and in redis.conf).`,
  );
}

/** Undefined if Redis does not say. */
async function policyOf(redis: RedisClient): Promise<string | undefined> {
  try {
    const [, policy] = (await redis.config('GET', SETTING)) as string[];
    if (policy !== undefined) return policy;
  } catch (error) {
    // Managed servers forbid or rename CONFIG.
    if (!(error instanceof Error) || !/^(?:ERR|NOPERM)\b/.test(error.message)) throw error;
  }
  return /^maxmemory_policy:(\S+)/m.exec(await redis.info('memory'))?.[1];
}
