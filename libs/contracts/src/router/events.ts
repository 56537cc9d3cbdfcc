import { z } from 'zod';
import { event } from '../define.ts';
import { leaseId, workerId } from '../ids.ts';

/** Slots that are free again, told to every router, since any of them may have granted them. */
export const leasesReleased = event({
  subject: 'router.v1.release',
  data: z.object({
    leases: z
      .array(
        z.object({
          leaseId,
          workerId,
          /** `lost`: the worker went silent or refused; placement avoids it until its next heartbeat. */
          outcome: z.enum(['done', 'cancelled', 'failed', 'lost', 'unused']),
        }),
      )
      .max(1_000),
  }),
});
