/** Public ids. */
import { z } from 'zod';

export const projectId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -')
  .meta({ description: 'Public id of a project, proj_...' });
export const slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'must be 1 to 63 lowercase letters, digits or inner hyphens');
export const completionId = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/);
