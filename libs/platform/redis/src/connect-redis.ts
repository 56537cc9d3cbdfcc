/** Connects to Redis: reconnects indefinitely, and makes no caller wait for an unavailable server unless it wants to. */
import type { Logger } from '@xerotier/log';
import { Redis } from 'ioredis';

export type RedisClient = Redis;

export interface RedisOptions {
  readonly url: string;
  /** Name of this connection in the server's client list. */
  readonly name: string;
  readonly log: Logger;
  /** Timeout of a command. Default 1000. */
  readonly commandTimeoutMs?: number;
  /**
   * Commands wait while disconnected, and have no timeout: for a loop that has nothing else to do, such as the worker of a queue.
   * Default false.
   */
  readonly waitsForServer?: boolean;
}

const RECONNECT_PAUSE_MAX_MS = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Starts to connect and returns at once. While disconnected, commands fail at once instead of waiting in an unbounded
 * queue, unless `waitsForServer`: callers must define their behaviour without Redis.
 */
export function connectRedis({
  url,
  name,
  log,
  commandTimeoutMs = 1_000,
  waitsForServer = false,
}: RedisOptions): RedisClient {
  const redis = new Redis(url, {
    connectionName: name,
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(waitsForServer
      ? { maxRetriesPerRequest: null }
      : {
          commandTimeout: commandTimeoutMs,
          enableOfflineQueue: false,
          // Commands of one turn of the event loop are sent together.
          enableAutoPipelining: true,
          maxRetriesPerRequest: 0,
        }),
    retryStrategy: (attempts) => Math.min(50 * 2 ** Math.min(attempts, 10), RECONNECT_PAUSE_MAX_MS),
  });
  let lost = false;
  let reason = 'connection closed';
  // Without a listener the library would print every attempt.
  redis.on('error', (error: Error) => (reason = error.message));
  redis.on('reconnecting', () => {
    if (!lost) log.warn('redis connection lost', { reason });
    lost = true;
  });
  redis.on('ready', () => {
    if (lost) log.info('redis reconnected');
    lost = false;
  });
  return redis;
}
