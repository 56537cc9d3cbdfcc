/** Finds the methods with `@Processes`, and runs a worker for each queue while the service runs. */
import type { OnApplicationShutdown } from '@nestjs/common';
import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { Logger } from '@xerotier/log';
import type { RedisClient } from '@xerotier/redis';
import { instancesOf } from '@xerotier/service-host';
import type { BeforeServing, OnDrain, OnServing } from '@xerotier/service-host';
import { once } from 'node:events';
import type { QueueContract } from '../define-queue.ts';
import { assertNoEviction } from '../eviction-policy.ts';
import type { JobHandler } from '../job-handler.ts';
import { JobWorker } from '../job-worker.ts';
import type { WorkerSettings } from '../job-worker.ts';
import type { Jobs } from './jobs.ts';
import { PROCESSED_QUEUE } from './processes.decorator.ts';

export interface JobsExplorerOptions {
  readonly jobs: Jobs;
  readonly settingsOf: (queue: QueueContract) => WorkerSettings;
  readonly discovery: DiscoveryService;
  readonly scanner: MetadataScanner;
  /** The connection that adds jobs. */
  readonly redis: RedisClient;
  /** Opens a connection whose commands wait for the server, for the workers. */
  readonly connect: () => RedisClient;
  readonly log: Logger;
}

interface Found {
  readonly queue: QueueContract;
  readonly handle: JobHandler;
  /** Class and method, for messages. */
  readonly place: string;
}

/** How long a start waits for Redis. */
const REACHABLE_WAIT_MS = 5_000;

export class JobsExplorer implements BeforeServing, OnServing, OnDrain, OnApplicationShutdown {
  readonly #options: JobsExplorerOptions;
  #workers: JobWorker[] = [];
  #connection: RedisClient | undefined;

  constructor(options: JobsExplorerOptions) {
    this.#options = options;
  }

  /**
   * @throws {Error} when a declared queue has no `@Processes` method, or two, or a method has another queue; when Redis may evict keys. A
   * service starts without Redis too: then it is checked once it is reachable, and logged.
   */
  async beforeServing(): Promise<void> {
    const { jobs, redis, log, settingsOf, connect } = this.#options;
    const handlers = this.#handlers();
    if (await isReachable(redis)) await assertNoEviction(redis);
    else log.warn('redis is unreachable, queues wait for it');
    redis.on('ready', () => {
      assertNoEviction(redis).catch((error: unknown) => log.error('queues are not safe in this Redis', { error }));
    });
    const connection = (this.#connection = connect());
    this.#workers = jobs.all().map((queue) => {
      const handle = handlers.get(queue.contract) as JobHandler;
      return new JobWorker({ ...settingsOf(queue.contract), queue, handle, redis: connection, log });
    });
  }

  onServing(): void {
    for (const worker of this.#workers) worker.start();
  }

  async onDrain(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop(signal)));
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.#options.jobs.all().map((queue) => queue.close()));
    this.#connection?.disconnect();
  }

  #handlers(): ReadonlyMap<QueueContract, JobHandler> {
    const contracts = this.#options.jobs.all().map(({ contract }) => contract);
    const found = this.#find();
    const stray = found.find(({ queue }) => !contracts.includes(queue));
    if (stray !== undefined)
      throw new Error(
        `${stray.place} has @Processes of ${stray.queue.name}, which is not a queue of the service: add it to JobsModule.forRoot({ queues: [...] }), or remove the decorator.`,
      );
    return new Map(contracts.map((contract) => [contract, handlerOf(contract, found)]));
  }

  #find(): Found[] {
    const { discovery, scanner } = this.#options;
    return instancesOf(discovery).flatMap((instance) => {
      const prototype = Object.getPrototypeOf(instance) as Record<string, JobHandler> | null;
      if (prototype === null || prototype === Object.prototype) return [];
      return scanner.getAllMethodNames(prototype).flatMap((name) => {
        const method = prototype[name] as JobHandler;
        const queue = Reflect.getMetadata(PROCESSED_QUEUE, method) as QueueContract | undefined;
        if (queue === undefined) return [];
        const handle: JobHandler = (job, call) => method.call(instance, job, call);
        return [{ queue, handle, place: `${instance.constructor.name}.${name}` }];
      });
    });
  }
}

function handlerOf(contract: QueueContract, found: readonly Found[]): JobHandler {
  const [first, ...others] = found.filter(({ queue }) => queue === contract);
  if (first === undefined)
    throw new Error(`No handler for the queue ${contract.name}: add @Processes of it to a method of a provider.`);
  if (others.length > 0) {
    const places = [first, ...others].map(({ place }) => place).join(' and ');
    throw new Error(
      `More than one handler for the queue ${contract.name}: @Processes is on ${places}. Remove all but one.`,
    );
  }
  return first.handle;
}

/** Whether it is, or becomes so with the first attempt to connect. */
async function isReachable(redis: RedisClient): Promise<boolean> {
  if (redis.status === 'ready') return true;
  const ended = new AbortController();
  const { signal } = ended;
  try {
    const timeout = AbortSignal.timeout(REACHABLE_WAIT_MS);
    return await Promise.race([
      once(redis, 'ready', { signal: AbortSignal.any([signal, timeout]) }).then(() => true),
      once(redis, 'close', { signal }).then(() => false),
    ]);
  } catch {
    return false;
  } finally {
    ended.abort();
  }
}
