import { projectId } from '@xerotier/contracts/ids';
import { defineQueue } from '@xerotier/jobs';
import { z } from 'zod';

/** Wakes up whoever may run a response in the background. The database says what is left to do. */
export const responseRuns = defineQueue({
  name: 'response-runs',
  job: z.object({ projectId, responseId: z.string().regex(/^resp_[0-9a-f]{48}$/) }),
  jobId: ({ responseId }) => responseId,
});
