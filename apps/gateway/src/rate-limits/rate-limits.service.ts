/**
 * Admits requests within the limits of their key and tier. All gateways share the counters in Redis. If Redis is unavailable,
 * the gateway enforces its share of each limit locally for a minute, and then tries Redis again; after a reconnect it uses Redis
 * immediately.
 */
import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { RedisClient } from '@xerotier/redis';
import { GatewayCount } from './gateway-count.ts';
import { LocalLimiter } from './local-limiter.ts';
import { HOLD_MS } from './limiter.ts';
import type { Bucket, Hold, Limiter, LimitDecision } from './limiter.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';
import { RedisLimiter } from './redis-limiter.ts';

export interface Admission {
  /** Rate limit headers of the response, also for a rejection. */
  readonly headers: Readonly<Record<string, string>>;
  /** Error of a request that is not admitted. */
  readonly rejection: AppError | undefined;
  /** Charges the usage of a request that has ended, and ends its hold. Never throws. */
  settle(usedTokens: number): void;
}

interface OpenHold {
  readonly limiter: Limiter;
  readonly bucket: Bucket;
  readonly hold: Hold;
}

/** How long local limits are used before Redis is tried again. */
const LOCAL_MS = 60_000;
const RENEW_EVERY_MS = HOLD_MS / 3;

const UNLIMITED: Admission = { headers: {}, rejection: undefined, settle: () => undefined };

@Injectable()
export class RateLimitsService implements OnModuleDestroy {
  readonly #log: Logger;
  readonly #shared: Limiter;
  readonly #local = new LocalLimiter();
  readonly #gateways: GatewayCount;
  readonly #open = new Set<OpenHold>();
  readonly #renewTimer: NodeJS.Timeout;
  #localUntil = 0;

  constructor(redis: RedisClient, log: Logger) {
    this.#log = log;
    this.#shared = new RedisLimiter(redis);
    this.#gateways = new GatewayCount(redis);
    this.#renewTimer = setInterval(() => this.#renew(), RENEW_EVERY_MS).unref();
    redis.on('ready', () => (this.#localUntil = 0));
  }

  onModuleDestroy(): void {
    clearInterval(this.#renewTimer);
    this.#gateways.stop();
  }

  /** Takes one request and holds its maximum tokens. Synchronous if there are no limits. */
  admit(bucket: Bucket, hold: Hold): Admission | Promise<Admission> {
    const { requestsPerMinute, tokensPerMinute } = bucket.limits;
    if (requestsPerMinute === null && tokensPerMinute === null) return UNLIMITED;
    return this.#admit(bucket, hold);
  }

  async #admit(bucket: Bucket, hold: Hold): Promise<Admission> {
    if (performance.now() >= this.#localUntil) {
      try {
        return this.#admission(await this.#shared.admit(bucket, hold), { limiter: this.#shared, bucket, hold });
      } catch (error) {
        this.#fallBack(error);
      }
    }
    const share = shareOf(bucket, this.#gateways.last);
    const decision = await this.#local.admit(share, hold);
    return this.#admission(decision, { limiter: this.#local, bucket: share, hold });
  }

  #admission(decision: LimitDecision, open: OpenHold): Admission {
    const headers = rateLimitHeaders(decision);
    if (decision.rejectedBy !== undefined)
      return { headers, rejection: rejectionOf(decision, open.bucket), settle: () => undefined };
    this.#open.add(open);
    return { headers, rejection: undefined, settle: (usedTokens) => this.#settle(open, usedTokens) };
  }

  #settle(open: OpenHold, usedTokens: number): void {
    if (!this.#open.delete(open)) return;
    // If this fails, the hold expires.
    open.limiter.settle(open.bucket, open.hold, usedTokens).catch((error: unknown) => this.#fallBack(error));
  }

  #renew(): void {
    for (const { limiter, bucket, hold } of this.#open)
      limiter.renew(bucket, hold).catch((error: unknown) => this.#fallBack(error));
  }

  #fallBack(error: unknown): void {
    const now = performance.now();
    if (now < this.#localUntil) return;
    this.#localUntil = now + LOCAL_MS;
    this.#log.warn('Redis unavailable, falling back to local rate limits', {
      gateways: this.#gateways.last,
      durationMs: LOCAL_MS,
      error,
    });
  }
}

/** Returns the share of one gateway, rounded up, so that a limit of 1 does not become 0. */
function shareOf(bucket: Bucket, gateways: number): Bucket {
  const share = (limit: number | null): number | null => (limit === null ? null : Math.ceil(limit / gateways));
  const { requestsPerMinute, tokensPerMinute } = bucket.limits;
  return {
    ...bucket,
    limits: { requestsPerMinute: share(requestsPerMinute), tokensPerMinute: share(tokensPerMinute) },
  };
}

function rejectionOf({ rejectedBy, retryAfterMs }: LimitDecision, { tier, limits }: Bucket): AppError {
  const options = { retryAfterSeconds: retryAfterMs / 1_000 };
  return rejectedBy === 'requests'
    ? new AppError('limits.requests_exceeded', { tier, limit: limits.requestsPerMinute ?? 0 }, options)
    : new AppError('limits.tokens_exceeded', { tier, limit: limits.tokensPerMinute ?? 0 }, options);
}
