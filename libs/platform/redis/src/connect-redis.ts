/** One way to connect to Redis for all services: it reconnects for ever, and never makes a caller wait for a server that is away. */
import type { Logger } from '@xerotier/log';
import { Redis } from 'ioredis';

export type RedisClient = Redis;

export interface RedisOptions {
  readonly url: string;
  /** How the server lists this connection. */
  readonly name: string;
  readonly log: Logger;
  /** After this time without an answer a command fails. Default 1000. */
  readonly commandTimeoutMs?: number;
}

const RECONNECT_PAUSE_MAX_MS = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Begins to connect and returns at once. While the connection is down, commands fail at once instead of waiting in a queue
 * without a bound: whoever uses Redis has to say what happens without it.
 */
export function connectRedis({ url, name, log, commandTimeoutMs = 1_000 }: RedisOptions): RedisClient {
  const redis = new Redis(url, {
    connectionName: name,
    commandTimeout: commandTimeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    enableOfflineQueue: false,
    // What comes up in one turn of the event loop leaves together.
    enableAutoPipelining: true,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempts) => Math.min(50 * 2 ** Math.min(attempts, 10), RECONNECT_PAUSE_MAX_MS),
  });
  let lost = false;
  let reason = 'the connection was closed';
  // Without a listener the library would print every attempt.
  redis.on('error', (error: Error) => (reason = error.message));
  redis.on('reconnecting', () => {
    if (!lost) log.warn('redis does not answer', { reason });
    lost = true;
  });
  redis.on('ready', () => {
    if (lost) log.info('redis answers again');
    lost = false;
  });
  return redis;
}
