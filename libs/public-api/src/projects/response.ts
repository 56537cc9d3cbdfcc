import { z } from 'zod';
import { components } from '../openapi/components.ts';

export const projectDetails = z
  .object({
    id: z.string(),
    object: z.literal('project'),
    name: z.string(),
    slug: z.string(),
    settings: z.object({
      store_by_default: z.boolean(),
      include_reasoning: z.boolean(),
      retention_days: z.number().int().nullable().describe('Null: stored completions are kept, responses for 30 days.'),
    }),
    archived_at: z.number().int().nullable().describe('Unix seconds; null if it is not archived.'),
    created_at: z.number().int(),
  })
  .register(components, { id: 'ProjectDetails' });
