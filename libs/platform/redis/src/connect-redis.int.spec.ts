import { capturedLog } from '@xerotier/log/testing';
import { eventually, testServers } from '@xerotier/testing';
import { once } from 'node:events';
import { connectRedis } from './connect-redis.ts';
import type { RedisClient } from './connect-redis.ts';

const servers = testServers('redis');
let redis: RedisClient;
// A connection keeps a timer, and so the process, until it has ended.
afterEach(async () => {
  if (redis.status === 'end') return;
  redis.disconnect();
  await once(redis, 'end');
});

describe('connectRedis', () => {
  it('fails commands at once while disconnected, and reconnects', async () => {
    const { log, lines } = capturedLog();
    redis = connectRedis({ url: servers.redis.url, name: 'test', log });
    await once(redis, 'ready');
    await servers.redis.kill('SIGKILL');
    await eventually('the loss is noticed', () => redis.status !== 'ready');
    await expect(redis.ping()).rejects.toThrow();
    await servers.redis.restart();
    await eventually('it is reconnected', async () => (await redis.ping().catch(() => '')) === 'PONG');
    expect(lines().map(({ msg }) => msg)).toEqual(['redis connection lost', 'redis reconnected']);
  });

  it('times out a command without a reply', async () => {
    const { log } = capturedLog();
    redis = connectRedis({ url: servers.redis.url, name: 'test', log, commandTimeoutMs: 100 });
    await once(redis, 'ready');
    await expect(redis.blpop('nothing', 5)).rejects.toThrow('timed out');
  });

  it('keeps a command while disconnected if it is to wait', async () => {
    const { log } = capturedLog();
    redis = connectRedis({ url: servers.redis.url, name: 'test', log, waitsForServer: true, commandTimeoutMs: 1 });
    await once(redis, 'ready');
    await servers.redis.kill('SIGKILL');
    await eventually('the loss is noticed', () => redis.status !== 'ready');
    const reply = redis.ping();
    await servers.redis.restart();
    expect(await reply).toBe('PONG');
  });

  it('does not log a deliberate disconnect', async () => {
    const { log, text } = capturedLog();
    redis = connectRedis({ url: servers.redis.url, name: 'test', log });
    await once(redis, 'ready');
    redis.disconnect();
    await once(redis, 'end');
    expect(text()).toBe('');
  });
});
