import { z } from 'zod';
import { event } from '../define.ts';
import { projectId } from '../ids.ts';

/** A key, endpoint or project changed: caches of `authorize` responses must drop the matching entries immediately. */
export const accessChanged = event({
  subject: 'auth.v1.changed',
  data: z.object({ projectId, keyId: z.string().optional() }),
});
