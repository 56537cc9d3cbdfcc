import { z } from 'zod';

/**
 * Named schemas of the document, which other schemas reference: `schema.register(components, { id: 'Model' })`. The names are
 * also those of the types in generated clients.
 */
export const components: z.core.$ZodRegistry<{ id: string }> = z.registry<{ id: string }>();
