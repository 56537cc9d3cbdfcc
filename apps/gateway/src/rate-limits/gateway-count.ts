/** The number of running gateways: each registers itself in Redis periodically, and reads how many have done so. */
import type { RedisClient } from '@xerotier/redis';
import { randomUUID } from 'node:crypto';

const INTERVAL_MS = 3_000;

/** KEYS[1]: gateways by the second of their last registration. ARGV: this gateway. A registration expires after 10 s. */
const COUNT_SCRIPT = `
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 10)
redis.call('EXPIRE', KEYS[1], 60)
return redis.call('ZCARD', KEYS[1])
`;

export class GatewayCount {
  readonly #redis: RedisClient;
  readonly #id = randomUUID();
  readonly #timer: NodeJS.Timeout;
  #last = 1;

  constructor(redis: RedisClient) {
    this.#redis = redis;
    this.#timer = setInterval(() => this.#register(), INTERVAL_MS).unref();
    redis.on('ready', () => this.#register());
  }

  /** The last count from Redis; initially 1. */
  get last(): number {
    return this.#last;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #register(): void {
    this.#redis.eval(COUNT_SCRIPT, 1, 'gateways', this.#id).then(
      (count) => (this.#last = Math.max(1, Number(count))),
      // While Redis is unavailable, the last count is kept.
      () => undefined,
    );
  }
}
