/** A service with queues, as Nest runs it. */
import 'reflect-metadata';
import { Inject, Injectable } from '@nestjs/common';
import type { Provider } from '@nestjs/common';
import { capturedLog } from '@xerotier/log/testing';
import type { Logger } from '@xerotier/log';
import { serviceSettings } from '@xerotier/process';
import { redisSettings } from '@xerotier/redis';
import type { RedisClient } from '@xerotier/redis';
import { LOGGER } from '@xerotier/service-host';
import { RedisModule } from '@xerotier/service-host/redis';
import { createTestingService } from '@xerotier/service-host/testing';
import type { TestingService } from '@xerotier/service-host/testing';
import { eventually } from '@xerotier/testing';
import { z } from 'zod';
import { runningRedis } from '../../test/running-redis.ts';
import { defineQueue } from '../define-queue.ts';
import type { JobCall, JobResult } from '../job-handler.ts';
import { JobQueue } from '../job-queue.ts';
import { JobSweeper } from '../job-sweeper.ts';
import { Jobs } from './jobs.ts';
import { JobsModule } from './jobs.module.ts';
import { Processes } from './processes.decorator.ts';

const ids = z.object({ id: z.string() });
const runs = defineQueue({ name: 'runs', job: ids, jobId: ({ id }) => id });
const mails = defineQueue({ name: 'mails', job: ids, jobId: ({ id }) => id });

/** What is left to do: in a service these are rows. */
const unfinished = new Set<string>();
let finished: string[] = [];

@Injectable()
class Runs {
  @Processes(runs)
  async run({ id }: { id: string }, { jobId }: JobCall): Promise<JobResult> {
    this.finish(id);
    expect(jobId).toBe(id);
    return 'done';
  }

  /** Handlers are called as methods, with `this`. */
  private finish(id: string): void {
    if (unfinished.delete(id)) finished.push(id);
  }
}

@Injectable()
class Mails {
  @Processes(mails)
  async send(): Promise<JobResult> {
    return 'done';
  }
}

@Injectable()
class RunsSweeper extends JobSweeper<typeof runs> {
  constructor(jobs: Jobs, @Inject(LOGGER) log: Logger) {
    super(jobs.of(runs), log, { intervalMs: 100, failedRetryMs: 0 });
  }

  protected override async *unfinished(): AsyncIterable<{ id: string }> {
    for (const id of unfinished) yield { id };
  }
}

const running = runningRedis();
const services: TestingService[] = [];
let redis: RedisClient;
let logged: ReturnType<typeof capturedLog>;

beforeEach(async () => {
  redis = await running.connect();
  unfinished.clear();
  finished = [];
  logged = capturedLog();
});
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
});

async function start(providers: Provider[], queues = [runs], url = running.server.url): Promise<TestingService> {
  class AppModule {}
  const service = await createTestingService({
    name: 'test',
    settings: { service: serviceSettings, redis: redisSettings },
    module: { module: AppModule, imports: [RedisModule.forRoot(), JobsModule.forRoot({ queues })], providers },
    env: { REDIS_URL: url },
    log: logged.log,
  });
  services.push(service);
  return service;
}

describe('a service', () => {
  it('works on the jobs that it adds', async () => {
    const service = await start([Runs]);
    unfinished.add('a');
    await service.nest.get(Jobs).of(runs).add({ id: 'a' });
    await eventually('it is done', () => finished.includes('a'));
  });

  it('finishes a running job when it stops', async () => {
    const begun = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    @Injectable()
    class Slow {
      @Processes(runs)
      async run({ id }: { id: string }): Promise<JobResult> {
        begun.resolve();
        await release.promise;
        finished.push(id);
        return 'done';
      }
    }
    const service = await start([Slow]);
    await service.nest.get(Jobs).of(runs).add({ id: 'a' });
    await begun.promise;
    const stopped = service.stop();
    release.resolve();
    await stopped;
    expect(finished).toEqual(['a']);
    expect(await redis.exists('bull:{q-runs}:a')).toBe(0);
  });

  it('leaves jobs in the queue once it stops', async () => {
    const service = await start([Runs]);
    await service.stop();
    const queue = new JobQueue(runs, redis);
    await queue.add({ id: 'a' });
    expect(await queue.counts()).toMatchObject({ waiting: 1 });
    await queue.close();
  });

  it('does not start when a queue has no handler', async () => {
    await expect(start([Runs], [runs, mails])).rejects.toThrow(
      'No handler for the queue mails: add @Processes of it to a method of a provider.',
    );
  });

  it('does not start when a queue has two handlers, and names both', async () => {
    @Injectable()
    class AlsoRuns extends Runs {}
    await expect(start([Runs, AlsoRuns])).rejects.toThrow(
      'More than one handler for the queue runs: @Processes is on Runs.run and AlsoRuns.run.',
    );
  });

  it('does not start with a handler of a queue that it does not declare', async () => {
    await expect(start([Runs, Mails])).rejects.toThrow(/Mails\.send has @Processes of mails, which is not a queue/);
  });

  it('cannot add to a queue that it does not declare', async () => {
    const service = await start([Runs]);
    expect(() => service.nest.get(Jobs).of(mails)).toThrow('The queue mails is not declared');
  });
});

describe('a Redis that may evict keys', () => {
  afterEach(() => redis.config('SET', 'maxmemory-policy', 'noeviction'));

  it('stops the start, and names the setting', async () => {
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await expect(start([Runs])).rejects.toThrow("Redis has 'maxmemory-policy allkeys-lru'");
  });

  it('is found where CONFIG is forbidden', async () => {
    await redis.config('SET', 'maxmemory-policy', 'volatile-ttl');
    await redis.acl('SETUSER', 'limited', 'on', '>secret', '~*', '&*', '+@all', '-config');
    const url = new URL(running.server.url);
    url.username = 'limited';
    url.password = 'secret';
    await expect(start([Runs], [runs], url.href)).rejects.toThrow("Redis has 'maxmemory-policy volatile-ttl'");
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    await start([Runs], [runs], url.href);
  });

  it('is logged when it appears later', async () => {
    await running.server.kill('SIGKILL');
    await start([Runs]);
    expect(logged.text()).toContain('redis is unreachable, queues wait for it');
    await running.server.restart();
    await eventually('it is back', () => redis.status === 'ready');
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await redis.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await eventually('it is logged', () => logged.text().includes('queues are not safe in this Redis'));
  });
});

describe('a Redis that is away', () => {
  it('does not stop the start: jobs follow when it is there', async () => {
    await running.server.kill('SIGKILL');
    await start([Runs, RunsSweeper]);
    unfinished.add('a');
    await running.server.restart();
    await eventually('it is done', () => finished.includes('a'));
  });
});

describe('the sweeper', () => {
  it('adds what is unfinished and not in Redis', async () => {
    unfinished.add('a').add('b');
    await start([Runs, RunsSweeper]);
    await eventually('they are done', () => finished.length === 2);
    expect(finished.sort()).toEqual(['a', 'b']);
  });

  it('repairs what FLUSHALL has deleted: nothing is lost', async () => {
    const service = await start([Runs, RunsSweeper]);
    const queue = service.nest.get(Jobs).of(runs);
    const all = Array.from({ length: 300 }, (_, at) => `run-${at}`);
    for (const [at, id] of all.entries()) {
      unfinished.add(id);
      await queue.add({ id }, { delayMs: at % 2 === 0 ? 60_000 : 0 });
      if (at % 100 === 99) await redis.flushall();
    }
    await redis.flushall();
    await eventually('all are done', () => finished.length === all.length);
    expect(finished.sort()).toEqual(all.sort());
  });

  it('tries a failed job again while its work is unfinished', async () => {
    let calls = 0;
    @Injectable()
    class Failing {
      @Processes(runs)
      async run({ id }: { id: string }): Promise<JobResult> {
        calls += 1;
        if (calls < 3) throw new Error('a defect');
        unfinished.delete(id);
        return 'done';
      }
    }
    unfinished.add('a');
    await start([Failing, RunsSweeper]);
    await eventually('it is done', () => unfinished.size === 0);
    expect(calls).toBe(3);
  });

  it('leaves a failed job whose work is finished', async () => {
    @Injectable()
    class Failing {
      @Processes(runs)
      async run({ id }: { id: string }): Promise<JobResult> {
        unfinished.delete(id);
        throw new Error('a defect');
      }
    }
    unfinished.add('a');
    const service = await start([Failing, RunsSweeper]);
    const queue = service.nest.get(Jobs).of(runs);
    await eventually('it has failed', async () => (await queue.counts()).failed === 1);
    await service.nest.get(RunsSweeper).sweep();
    expect(await queue.counts()).toMatchObject({ failed: 1, waiting: 0 });
  });
});
