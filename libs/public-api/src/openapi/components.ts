import { z } from 'zod';

/**
 * Named schemas of the document; the names are also the types of generated clients: `schema.register(components, { id: 'Model' })`.
 * Other schemas reference them.
 */
export const components: z.core.$ZodRegistry<{ id: string }> = z.registry<{ id: string }>();
