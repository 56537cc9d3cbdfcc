import { z } from 'zod';
import { projectId } from '../ids.ts';

const retentionDays = z.number().int().min(1).max(3_650);

/** What the requests of a project inherit, and how long it keeps what they store. What is absent has its default. */
export const projectSettings = z.object({
  /** Whether completions are stored if a request does not say so. Default false. */
  storeByDefault: z.boolean().optional(),
  /** Whether responses contain the reasoning if a request does not say so. Default false. */
  includeReasoning: z.boolean().optional(),
  /** After how many days stored completions are deleted. Default: they are kept. */
  retentionDays: retentionDays.optional(),
});
export type ProjectSettings = z.infer<typeof projectSettings>;

/** What is present changes; null returns to the default. */
export const projectSettingsChange = projectSettings.extend({ retentionDays: retentionDays.nullable().optional() });
export type ProjectSettingsChange = z.infer<typeof projectSettingsChange>;

/** The retention of a project that has one. */
export const projectRetention = z.object({ projectId, retentionDays });
export type ProjectRetention = z.infer<typeof projectRetention>;
