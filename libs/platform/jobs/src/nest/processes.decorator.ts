/** Declares which method of a provider processes a queue. A method that does not match the contract does not compile. */
import { SetMetadata } from '@nestjs/common';
import type { QueueContract } from '../define-queue.ts';
import type { JobHandler } from '../job-handler.ts';

export const PROCESSED_QUEUE = 'xerotier:processed-queue';

/**
 * The method works on the jobs of a queue that its service declares (`JobsModule.forRoot({ queues })`).
 * @example
 * \@Processes(batchRuns)
 * run({ batchId }: { batchId: string }, { signal }: JobCall): Promise<JobResult> { ... }
 */
export function Processes<Contract extends QueueContract>(
  queue: Contract,
): <Method extends JobHandler<Contract>>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void {
  return SetMetadata(PROCESSED_QUEUE, queue);
}
