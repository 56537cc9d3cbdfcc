import { z } from 'zod';

/**
 * The schemas that have a name in the document, which is also the name of their type in generated clients:
 * `schema.register(components, { id: 'Model' })`. Inside others they are references.
 */
export const components: z.core.$ZodRegistry<{ id: string }> = z.registry<{ id: string }>();
