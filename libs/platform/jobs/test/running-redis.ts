/** Real Redis for a test file, with connections that end with each test. */
import { silentLog } from '@xerotier/log/testing';
import { connectRedis } from '@xerotier/redis';
import type { RedisClient } from '@xerotier/redis';
import { eventually, testServers } from '@xerotier/testing';
import { once } from 'node:events';

export interface RunningRedis {
  readonly server: ReturnType<typeof testServers<'redis'>>['redis'];
  /** A connection whose commands do not wait for the server, and which is ready. */
  connect(waitsForServer?: boolean): Promise<RedisClient>;
  /** A connection that may not be ready yet. */
  begin(waitsForServer: boolean): RedisClient;
}

/** Call it at the top of a file. Each test begins with an empty Redis. */
export function runningRedis(): RunningRedis {
  const servers = testServers('redis');
  const connections: RedisClient[] = [];

  function begin(waitsForServer: boolean): RedisClient {
    const redis = connectRedis({ url: servers.redis.url, name: 'test', log: silentLog(), waitsForServer });
    connections.push(redis);
    return redis;
  }

  async function connect(waitsForServer = false): Promise<RedisClient> {
    const redis = begin(waitsForServer);
    await eventually('redis is connected', () => redis.status === 'ready');
    return redis;
  }

  beforeEach(async () => {
    await (await connect()).flushall();
  });
  afterEach(async () => {
    const ended = connections.splice(0).filter(({ status }) => status !== 'end');
    await Promise.all(
      ended.map(async (redis) => {
        // Of a connection without a socket the end is never told.
        await eventually('redis is connected again', () => redis.status === 'ready');
        redis.disconnect();
        await once(redis, 'end');
      }),
    );
  });

  return {
    get server() {
      return servers.redis;
    },
    connect,
    begin,
  };
}
