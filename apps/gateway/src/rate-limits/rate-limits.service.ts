/**
 * Admits requests within the limits of their key, tier and project. All gateways share the counters in Redis. If Redis is
 * unavailable, the gateway enforces its share of each rate locally for a minute, and then tries Redis again; after a reconnect it
 * uses Redis immediately. Requests with a quota or a spend cap, which must not be exceeded, are rejected meanwhile.
 */
import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import { InFlightSet } from '@xerotier/in-flight';
import type { Handle } from '@xerotier/in-flight';
import type { Logger } from '@xerotier/log';
import type { RedisClient } from '@xerotier/redis';
import { GatewayCount } from './gateway-count.ts';
import { LocalLimiter } from './local-limiter.ts';
import { HOLD_MS } from './limiter.ts';
import type { Bucket, Charge, Hold, Limiter, LimitDecision } from './limiter.ts';
import { limitErrorOf } from './limit-errors.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';
import { RedisLimiter } from './redis-limiter.ts';

export interface Admission {
  /** Rate limit headers of the response, also for a rejection. */
  readonly headers: Readonly<Record<string, string>>;
  /** Error of a request that is not admitted. */
  readonly rejection: AppError | undefined;
  /** Charges the usage of a request that has ended, and ends its hold. Never throws. */
  settle(charge: Charge): void;
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
  readonly #open = new InFlightSet<OpenHold>();
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

  /** Takes one request and holds the most that it can use. Synchronous if there are no limits. */
  admit(bucket: Bucket, hold: Hold): Admission | Promise<Admission> {
    if (bucket.quota !== undefined || bucket.spend !== undefined) return this.#admitShared(bucket, hold);
    const { requestsPerMinute, tokensPerMinute, concurrencyMax } = bucket.limits;
    if (requestsPerMinute === null && tokensPerMinute === null && concurrencyMax === null) return UNLIMITED;
    return this.#admit(bucket, hold);
  }

  /** Always tries Redis, since there is no fallback. */
  async #admitShared(bucket: Bucket, hold: Hold): Promise<Admission> {
    try {
      return this.#admission(await this.#shared.admit(bucket, hold), { limiter: this.#shared, bucket, hold });
    } catch (error) {
      this.#fallBack(error);
      return {
        headers: {},
        rejection: new AppError('limits.unavailable', {}, { cause: error }),
        settle: () => undefined,
      };
    }
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
    const { rejectedBy } = decision;
    if (rejectedBy !== undefined)
      return { headers, rejection: limitErrorOf({ ...decision, rejectedBy }, open.bucket), settle: () => undefined };
    const handle = this.#open.add(open);
    return { headers, rejection: undefined, settle: (charge) => this.#settle(handle, open, charge) };
  }

  #settle(handle: Handle, open: OpenHold, charge: Charge): void {
    if (!this.#open.delete(handle)) return;
    // If this fails, the hold expires.
    open.limiter.settle(open.bucket, open.hold, charge).catch((error: unknown) => this.#fallBack(error));
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
  const { requestsPerMinute, tokensPerMinute, concurrencyMax, burstRequests } = bucket.limits;
  return {
    ...bucket,
    limits: {
      requestsPerMinute: share(requestsPerMinute),
      tokensPerMinute: share(tokensPerMinute),
      concurrencyMax: share(concurrencyMax),
      burstRequests: share(burstRequests),
    },
  };
}
