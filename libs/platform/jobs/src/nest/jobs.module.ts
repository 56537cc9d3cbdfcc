import { Global, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { ConfigOf } from '@xerotier/config';
import type { Logger } from '@xerotier/log';
import { connectRedis } from '@xerotier/redis';
import type { RedisClient, redisSettings } from '@xerotier/redis';
import { CONFIG, LOGGER, ServiceIdentity } from '@xerotier/service-host';
import { REDIS } from '@xerotier/service-host/redis';
import type { QueueContract } from '../define-queue.ts';
import type { WorkerSettings } from '../job-worker.ts';
import { JobsExplorer } from './jobs-explorer.ts';
import { Jobs } from './jobs.ts';

export interface JobsModuleOptions<Config> {
  /** The queues of this service. Each needs one method with `@Processes`. */
  readonly queues: readonly QueueContract[];
  /** How a queue is processed. Default: the defaults of `WorkerSettings`. */
  readonly workers?: (queue: QueueContract, config: Config) => WorkerSettings;
}

interface RedisConfig {
  readonly redis: ConfigOf<typeof redisSettings>;
}

/**
 * The queues of a service: `Jobs` to add jobs, and a worker for each queue while the service runs, but not in its commands. Needs
 * `RedisModule`. Redis must have the policy `noeviction`. It adds no readiness check: without Redis, jobs wait in the database.
 */
@Global()
@Module({})
export class JobsModule {
  static forRoot<Config extends object>({ queues, workers = () => ({}) }: JobsModuleOptions<Config>): DynamicModule {
    return {
      module: JobsModule,
      imports: [DiscoveryModule],
      providers: [
        { provide: Jobs, inject: [REDIS], useFactory: (redis: RedisClient) => new Jobs(queues, redis) },
        {
          provide: JobsExplorer,
          inject: [Jobs, DiscoveryService, MetadataScanner, REDIS, CONFIG, ServiceIdentity, LOGGER],
          useFactory: (
            jobs: Jobs,
            discovery: DiscoveryService,
            scanner: MetadataScanner,
            redis: RedisClient,
            config: Config & RedisConfig,
            { connectionName }: ServiceIdentity,
            log: Logger,
          ) =>
            new JobsExplorer({
              jobs,
              settingsOf: (queue) => workers(queue, config),
              discovery,
              scanner,
              redis,
              connect: () =>
                connectRedis({ url: config.redis.url, name: `${connectionName}-jobs`, log, waitsForServer: true }),
              log,
            }),
        },
      ],
      exports: [Jobs],
    };
  }
}
