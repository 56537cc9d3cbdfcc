import { projectId } from '@xerotier/contracts/ids';
import { defineQueue } from '@xerotier/jobs';
import { z } from 'zod';

/** Wakes up whoever may make a model of the parts of an upload. The database says what is left to do. */
export const modelAssemblies = defineQueue({
  name: 'model-assemblies',
  job: z.object({ projectId, uploadId: z.string().regex(/^upload_[0-9a-f]{24}$/) }),
  jobId: ({ uploadId }) => uploadId,
});
