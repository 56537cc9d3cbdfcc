import { z } from 'zod';

/** A query parameter that is `true` or `false`. */
export const queryFlag = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .meta({ jsonSchema: { type: 'boolean' } });
