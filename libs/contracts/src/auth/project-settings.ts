import { z } from 'zod';

/** What the requests of a project inherit. What is absent has its default. */
export const projectSettings = z.object({
  /** Whether completions are stored if a request does not say so. Default false. */
  storeByDefault: z.boolean().optional(),
  /** Whether responses contain the reasoning if a request does not say so. Default false. */
  includeReasoning: z.boolean().optional(),
});
export type ProjectSettings = z.infer<typeof projectSettings>;
