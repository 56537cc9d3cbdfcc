/**
 * Batches lose nothing and charge nothing twice, whatever their servers lose while they run (DUR-2, DUR-3 and DUR-13 of
 * docs/reliability.md). `npm run test:chaos` kills more often, and runs more lines.
 */
import { killServer, loseNatsStore, loseRedisData } from '@xerotier/chaos';
import { scriptedPlatform } from '@xerotier/dev';
import type { LocalServer } from '@xerotier/local-servers';
import { silentLog } from '@xerotier/log/testing';
import { connectRedis } from '@xerotier/redis';
import type { RedisClient } from '@xerotier/redis';
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { BatchRuns } from './support/batch-runs.ts';
import { isChaos } from './support/chaos.ts';
import { dedicatedPlatform } from './support/test-platform.ts';

const LINES = isChaos ? 5_000 : 150;
const ROUNDS = isChaos ? 12 : 1;
const DOWN_MS_MAX = isChaos ? 2_000 : 300;
const TIMEOUT_MS = 1_200_000;

const test = dedicatedPlatform(() => scriptedPlatform({ slots: 16 }));
const runs = new BatchRuns(test);

function server(name: 'nats' | 'redis' | 'postgres'): LocalServer {
  const started = test.platform.servers.started[name];
  if (started === undefined) throw new Error(`${name} was not started by the test`);
  return started;
}

const downMs = (): number => randomInt(DOWN_MS_MAX);
/** Between two faults, in which work goes on. */
const quietMs = (): number => (isChaos ? randomInt(4_000, 9_000) : randomInt(200, 600));

const redisOf = (): RedisClient =>
  connectRedis({ url: test.description.redisUrl, name: 'test', log: silentLog(), waitsForServer: true });

const breaks = {
  'PostgreSQL is killed': () => killServer(server('postgres'), downMs()),
  'Redis is killed, forgets everything, and loses its data': async () => {
    await killServer(server('redis'), downMs());
    const redis = redisOf();
    await redis.flushall();
    redis.disconnect();
    await loseRedisData(server('redis'), downMs());
  },
  'NATS is killed, and loses its streams': async () => {
    await killServer(server('nats'), downMs());
    await delay(quietMs());
    await loseNatsStore(server('nats'), downMs());
  },
};
type Break = keyof typeof breaks;
const all = Object.keys(breaks) as Break[];

// One batch for all in `npm test`, since each takes a while to recover.
it.each<[string, Break[]]>(isChaos ? all.map((name) => [name, [name]]) : [[all.join(', '), all]])(
  'when %s, again and again',
  async (name, broken) => {
    const batch = await runs.begin(name, { count: LINES });
    await runs.progress(batch, 10);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const each of broken) {
        await delay(quietMs());
        await breaks[each]();
      }
    }
    await runs.expectComplete();
  },
  TIMEOUT_MS,
);

it(
  'when Redis is at its maximum of memory: batches are accepted, and go on when it has room',
  async () => {
    const redis = redisOf();
    const before = await runs.begin('running', { count: LINES });
    await runs.progress(before, 10);
    await redis.config('SET', 'maxmemory', '1');
    await expect(redis.set('xerotier-test', '1')).rejects.toThrow('OOM');
    const meanwhile = await runs.begin('waiting', { count: 20 });
    // Longer than the lock of a job, which cannot be extended.
    if (isChaos) await delay(30_000);
    const { status } = await runs.client.openai.batches.retrieve(meanwhile.id);
    expect(status).toBe('validating');
    await redis.config('SET', 'maxmemory', '0');
    redis.disconnect();
    await runs.expectComplete();
  },
  TIMEOUT_MS,
);
