import { z } from 'zod';

type QueryCount = z.ZodOptional<z.ZodPipe<z.ZodString, z.ZodTransform<number, string>>>;

/** An optional query parameter that is a positive integer. */
export function queryCount(max: number): QueryCount {
  const error = `must be an integer from 1 to ${max}`;
  return z
    .string({ error })
    .regex(/^\d{1,16}$/, error)
    .transform(Number)
    .refine((value) => value >= 1 && value <= max, error)
    .optional()
    .meta({ jsonSchema: { type: 'integer', minimum: 1, maximum: max } });
}
