/** How many gateways there are: each tells Redis that it lives, and reads who else did. */
import type { RedisClient } from '@xerotier/redis';
import { randomUUID } from 'node:crypto';

const TOLD_EVERY_MS = 3_000;

/** KEYS[1]: the gateways by the second in which they were heard last. ARGV: this one. Whoever was silent for 10 s is gone. */
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
  readonly #telling: NodeJS.Timeout;
  #last = 1;

  constructor(redis: RedisClient) {
    this.#redis = redis;
    this.#telling = setInterval(() => this.#tell(), TOLD_EVERY_MS).unref();
    redis.on('ready', () => this.#tell());
  }

  /** As Redis said it last; 1 while it has not said anything. */
  get last(): number {
    return this.#last;
  }

  stop(): void {
    clearInterval(this.#telling);
  }

  #tell(): void {
    this.#redis.eval(COUNT_SCRIPT, 1, 'gateways', this.#id).then(
      (count) => (this.#last = Math.max(1, Number(count))),
      // What was known last is the best there is.
      () => undefined,
    );
  }
}
