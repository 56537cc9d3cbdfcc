import { z } from 'zod';

export const scope = z.enum(['inference', 'management', 'execution']);
export type Scope = z.infer<typeof scope>;
