/** Limits in Redis, shared by all gateways. Every method rejects if Redis is unavailable. */
import type { RedisClient } from '@xerotier/redis';
import { HOLD_MS, heldTokens } from './limiter.ts';
import type { Allowance, Bucket, Hold, Limiter, LimitDecision } from './limiter.ts';
import { ADMIT_SCRIPT, RENEW_SCRIPT, SETTLE_SCRIPT } from './limit-scripts.ts';

type Reply = [rejectedBy: number, waitUs: string, ...allowances: [number, string, number, string]];

interface LimitCommands {
  limitsAdmit(...args: (string | number)[]): Promise<Reply>;
  limitsSettle(...args: (string | number)[]): Promise<number>;
  limitsRenew(...args: (string | number)[]): Promise<number>;
}

const REJECTED_BY = [undefined, 'requests', 'tokens'] as const;

export class RedisLimiter implements Limiter {
  readonly #redis: LimitCommands;
  readonly #nowUs: () => number | '';

  /** @param nowUs clock for tests. Default: the clock of Redis. */
  constructor(redis: RedisClient, nowUs: () => number | '' = () => '') {
    for (const [name, lua] of Object.entries({
      limitsAdmit: ADMIT_SCRIPT,
      limitsSettle: SETTLE_SCRIPT,
      limitsRenew: RENEW_SCRIPT,
    }))
      redis.defineCommand(name, { numberOfKeys: 2, lua });
    this.#redis = redis as unknown as LimitCommands;
    this.#nowUs = nowUs;
  }

  async admit(bucket: Bucket, hold: Hold): Promise<LimitDecision> {
    const { requestsPerMinute, tokensPerMinute } = bucket.limits;
    const [rejectedBy, waitUs, requestsLeft, requestsResetUs, tokensLeft, tokensResetUs] =
      await this.#redis.limitsAdmit(
        ...keysOf(bucket),
        this.#nowUs(),
        requestsPerMinute ?? 0,
        tokensPerMinute ?? 0,
        hold.id,
        heldTokens(hold, tokensPerMinute ?? Infinity),
        HOLD_MS,
      );
    return {
      rejectedBy: REJECTED_BY[rejectedBy],
      retryAfterMs: Math.ceil(Number(waitUs) / 1_000),
      requests: allowance(requestsPerMinute, requestsLeft, requestsResetUs),
      tokens: allowance(tokensPerMinute, tokensLeft, tokensResetUs),
    };
  }

  async settle(bucket: Bucket, hold: Hold, usedTokens: number): Promise<void> {
    const limit = bucket.limits.tokensPerMinute;
    if (limit === null) return;
    await this.#redis.limitsSettle(
      ...keysOf(bucket),
      this.#nowUs(),
      limit,
      hold.id,
      heldTokens(hold, limit),
      usedTokens,
    );
  }

  async renew(bucket: Bucket, hold: Hold): Promise<void> {
    const limit = bucket.limits.tokensPerMinute;
    if (limit === null) return;
    const entry = `${hold.id}:${heldTokens(hold, limit)}`;
    await this.#redis.limitsRenew(...keysOf(bucket), this.#nowUs(), HOLD_MS, entry);
  }
}

/** The hash tag keeps both keys of a bucket on the same node of a cluster. */
function keysOf({ keyId, tier }: Bucket): [string, string] {
  const key = `limits:{${keyId}}:${tier}`;
  return [key, `${key}:holds`];
}

function allowance(limit: number | null, remaining: number, resetUs: string): Allowance | null {
  return limit === null ? null : { limit, remaining, resetMs: Math.ceil(Number(resetUs) / 1_000) };
}
