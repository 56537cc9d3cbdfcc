import { createHash } from 'node:crypto';

const KEY_DIGITS = 16;

/** What the router gets of `prompt_cache_key`: it must not see what clients write, and a key is valid within its project only. */
export function affinityKeyOf(projectId: string, promptCacheKey: string | undefined): string | undefined {
  if (promptCacheKey === undefined) return undefined;
  return createHash('sha256')
    .update(JSON.stringify([projectId, promptCacheKey]))
    .digest('hex')
    .slice(0, KEY_DIGITS);
}
