/**
 * Admits requests within the limits of their key and tier. The counters lie in Redis, where all gateways share them. When
 * Redis does not answer, this gateway keeps its share of each limit by itself for a minute, says so in its log, and then
 * asks again; a connection that comes back is used at once.
 */
import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { RedisClient } from '@xerotier/redis';
import { GatewayCount } from './gateway-count.ts';
import { LocalLimiter } from './local-limiter.ts';
import { HOLD_MS } from './limiter.ts';
import type { Bucket, Hold, Limiter, Verdict } from './limiter.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';
import { RedisLimiter } from './redis-limiter.ts';

export interface Admission {
  /** What the client reads about its limits, also on a refusal. */
  readonly headers: Readonly<Record<string, string>>;
  /** Why the request may not run. */
  readonly rejection: AppError | undefined;
  /** The request is over: charges what it used and ends its hold. Never throws. */
  settle(usedTokens: number): void;
}

interface OpenHold {
  readonly limiter: Limiter;
  readonly bucket: Bucket;
  readonly hold: Hold;
}

/** How long a gateway goes on alone before it asks Redis again. */
const ALONE_MS = 60_000;
const RENEW_EVERY_MS = HOLD_MS / 3;

const UNLIMITED: Admission = { headers: {}, rejection: undefined, settle: () => undefined };

@Injectable()
export class RateLimitsService implements OnModuleDestroy {
  readonly #log: Logger;
  readonly #shared: Limiter;
  readonly #alone = new LocalLimiter();
  readonly #gateways: GatewayCount;
  readonly #open = new Set<OpenHold>();
  readonly #renewing: NodeJS.Timeout;
  #aloneUntil = 0;

  constructor(redis: RedisClient, log: Logger) {
    this.#log = log;
    this.#shared = new RedisLimiter(redis);
    this.#gateways = new GatewayCount(redis);
    this.#renewing = setInterval(() => this.#renew(), RENEW_EVERY_MS).unref();
    redis.on('ready', () => (this.#aloneUntil = 0));
  }

  onModuleDestroy(): void {
    clearInterval(this.#renewing);
    this.#gateways.stop();
  }

  /** Takes one request and holds the tokens that it may use. At once, and without asking anybody, where nothing is limited. */
  admit(bucket: Bucket, hold: Hold): Admission | Promise<Admission> {
    const { requestsPerMinute, tokensPerMinute } = bucket.limits;
    if (requestsPerMinute === null && tokensPerMinute === null) return UNLIMITED;
    return this.#admit(bucket, hold);
  }

  async #admit(bucket: Bucket, hold: Hold): Promise<Admission> {
    if (performance.now() >= this.#aloneUntil) {
      try {
        return this.#admission(await this.#shared.admit(bucket, hold), { limiter: this.#shared, bucket, hold });
      } catch (error) {
        this.#goAlone(error);
      }
    }
    const share = shareOf(bucket, this.#gateways.last);
    const verdict = await this.#alone.admit(share, hold);
    return this.#admission(verdict, { limiter: this.#alone, bucket: share, hold });
  }

  #admission(verdict: Verdict, open: OpenHold): Admission {
    const headers = rateLimitHeaders(verdict);
    if (verdict.rejectedBy !== undefined)
      return { headers, rejection: rejectionOf(verdict, open.bucket), settle: () => undefined };
    this.#open.add(open);
    return { headers, rejection: undefined, settle: (usedTokens) => this.#settle(open, usedTokens) };
  }

  #settle(open: OpenHold, usedTokens: number): void {
    if (!this.#open.delete(open)) return;
    // Without an answer the hold runs out by itself.
    open.limiter.settle(open.bucket, open.hold, usedTokens).catch((error: unknown) => this.#goAlone(error));
  }

  #renew(): void {
    for (const { limiter, bucket, hold } of this.#open)
      limiter.renew(bucket, hold).catch((error: unknown) => this.#goAlone(error));
  }

  #goAlone(error: unknown): void {
    const now = performance.now();
    if (now < this.#aloneUntil) return;
    this.#aloneUntil = now + ALONE_MS;
    this.#log.warn('redis does not answer: this gateway keeps its share of the rate limits by itself for a minute', {
      gateways: this.#gateways.last,
      error,
    });
  }
}

/** What one of so many gateways may let through, rounded up: a limit of 1 must not become 0. */
function shareOf(bucket: Bucket, gateways: number): Bucket {
  const share = (limit: number | null): number | null => (limit === null ? null : Math.ceil(limit / gateways));
  const { requestsPerMinute, tokensPerMinute } = bucket.limits;
  return {
    ...bucket,
    limits: { requestsPerMinute: share(requestsPerMinute), tokensPerMinute: share(tokensPerMinute) },
  };
}

function rejectionOf({ rejectedBy, retryAfterMs }: Verdict, { tier, limits }: Bucket): AppError {
  const options = { retryAfterSeconds: retryAfterMs / 1_000 };
  return rejectedBy === 'requests'
    ? new AppError('limits.requests_exceeded', { tier, limit: limits.requestsPerMinute ?? 0 }, options)
    : new AppError('limits.tokens_exceeded', { tier, limit: limits.tokensPerMinute ?? 0 }, options);
}
