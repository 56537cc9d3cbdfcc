import { z } from 'zod';
import { event } from '../define.ts';
import { projectId } from '../ids.ts';

/** A key, endpoint or project changed: whoever caches an answer of `authorize` drops what it names, at once. */
export const accessChanged = event({
  subject: 'auth.v1.changed',
  data: z.object({ projectId, keyId: z.string().optional() }),
});
