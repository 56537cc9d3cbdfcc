import { z } from 'zod';
import { event } from '../define.ts';
import { leaseId, workerId } from '../ids.ts';

/** Leases that were released. Sent to every router, since any of them may have granted a lease. */
export const leasesReleased = event({
  subject: 'router.v1.release',
  data: z.object({
    leases: z
      .array(
        z.object({
          leaseId,
          workerId,
          /** `lost`: the worker timed out or rejected the work; placement avoids it until its next heartbeat. */
          outcome: z.enum(['done', 'cancelled', 'failed', 'lost', 'unused']),
        }),
      )
      .max(1_000),
  }),
});
