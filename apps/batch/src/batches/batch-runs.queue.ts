import { projectId } from '@xerotier/contracts/ids';
import { defineQueue } from '@xerotier/jobs';
import { z } from 'zod';

/** Wakes up whoever may work on a batch. The database says what is left to do. */
export const batchRuns = defineQueue({
  name: 'batch-runs',
  job: z.object({ projectId, batchId: z.string().regex(/^batch_[0-9a-f]{24}$/) }),
  jobId: ({ batchId }) => batchId,
});
