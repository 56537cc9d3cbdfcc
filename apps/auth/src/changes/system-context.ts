import { SYSTEM_LOG_ID } from '@xerotier/contracts/auth';
import type { ChangeContext, SystemChangeContext } from '@xerotier/contracts/auth';

/** The context of a change of the platform as a whole: its audit log is that of no project. */
export function systemContext(context: SystemChangeContext): ChangeContext {
  return { ...context, projectId: SYSTEM_LOG_ID };
}
