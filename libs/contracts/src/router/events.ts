import { z } from 'zod';
import { event } from '../define.ts';
import { leaseId, projectId, workerId } from '../ids.ts';

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

/**
 * A version of an uploaded model was deleted: whoever stores its bytes deletes them. It may arrive more than once, and for bytes that are
 * gone already.
 */
export const modelVersionRemoved = event({
  subject: 'router.v1.model-version-removed',
  stream: 'MODEL_VERSION_REMOVALS',
  // About 100,000 versions, none of which is forgotten while the files service is away.
  streamBytesMax: 32 * 1024 * 1024,
  streamAgeMaxDays: 0,
  data: z.object({ projectId, versionId: z.uuid() }),
});
