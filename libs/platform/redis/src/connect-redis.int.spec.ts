import { capturedLog } from '@xerotier/log/testing';
import { eventually, testServers } from '@xerotier/testing';
import { once } from 'node:events';
import { connectRedis } from './connect-redis.ts';
import type { RedisClient } from './connect-redis.ts';

const servers = testServers('redis');
let redis: RedisClient;
// Until it has ended, a connection has a timer that keeps the process.
afterEach(async () => {
  if (redis.status === 'end') return;
  redis.disconnect();
  await once(redis, 'end');
});

describe('connectRedis', () => {
  it('fails a command at once while the server is away, and comes back by itself', async () => {
    const { log, lines } = capturedLog();
    redis = connectRedis({ url: servers.redis.url, name: 'test', log });
    await once(redis, 'ready');
    await servers.redis.kill('SIGKILL');
    await eventually('the loss is noticed', () => redis.status !== 'ready');
    await expect(redis.ping()).rejects.toThrow();
    await servers.redis.restart();
    await eventually('it answers again', async () => (await redis.ping().catch(() => '')) === 'PONG');
    expect(lines().map(({ msg }) => msg)).toEqual(['redis does not answer', 'redis answers again']);
  });

  it('gives up a command that the server does not answer', async () => {
    const { log } = capturedLog();
    redis = connectRedis({ url: servers.redis.url, name: 'test', log, commandTimeoutMs: 100 });
    await once(redis, 'ready');
    await expect(redis.blpop('nothing', 5)).rejects.toThrow('timed out');
  });

  it('says nothing of a connection that was closed on purpose', async () => {
    const { log, text } = capturedLog();
    redis = connectRedis({ url: servers.redis.url, name: 'test', log });
    await once(redis, 'ready');
    redis.disconnect();
    await once(redis, 'end');
    expect(text()).toBe('');
  });
});
