import type { RedisClient } from '@xerotier/redis';
import type { QueueContract } from '../define-queue.ts';
import { JobQueue } from '../job-queue.ts';

/** The queues that a service declares. Inject it to add jobs: `this.jobs.of(batchRuns).add({ batchId })`. */
export class Jobs {
  readonly #queues: ReadonlyMap<QueueContract, JobQueue>;

  constructor(contracts: readonly QueueContract[], redis: RedisClient) {
    this.#queues = new Map(contracts.map((contract) => [contract, new JobQueue(contract, redis)]));
  }

  /** @throws {Error} for a queue that is not declared. */
  of<Contract extends QueueContract>(contract: Contract): JobQueue<Contract> {
    const queue = this.#queues.get(contract);
    if (queue === undefined)
      throw new Error(`The queue ${contract.name} is not declared: add it to JobsModule.forRoot({ queues: [...] }).`);
    return queue as JobQueue<Contract>;
  }

  all(): readonly JobQueue[] {
    return [...this.#queues.values()];
  }
}
