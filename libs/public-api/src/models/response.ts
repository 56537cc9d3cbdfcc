import { z } from 'zod';
import { components } from '../openapi/components.ts';

/** A model as clients receive it. */
export const publicModel = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    created: z.number().int().describe('Unix time in seconds.'),
    owned_by: z.string(),
  })
  .register(components, { id: 'Model' });
export type PublicModel = z.infer<typeof publicModel>;

export const modelList = z
  .object({ object: z.literal('list'), data: z.array(publicModel) })
  .register(components, { id: 'ModelList' });
