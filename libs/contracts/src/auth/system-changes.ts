/** Changes of the platform as a whole, which belong to no project. */
import { changeContext } from './change.ts';
import type { z } from 'zod';

/** In place of the id of a project in the audit log and idempotency keys of such changes. Ids of projects begin with `proj_`. */
export const SYSTEM_LOG_ID = 'system';

export const systemChangeContext = changeContext.omit({ projectId: true });
export type SystemChangeContext = z.infer<typeof systemChangeContext>;
