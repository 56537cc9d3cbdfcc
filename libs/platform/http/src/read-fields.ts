import { AppError } from '@xerotier/errors';
import { readValue } from '@xerotier/public-api/validation';
import type { z } from 'zod';

/** Parses a value with a schema. @throws {AppError} `request.invalid` for the first error, naming the field in `param`. */
export function readFields<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = readValue(schema, value);
  if (result.ok) return result.value;
  const { param, reason } = result.error;
  throw new AppError('request.invalid', { reason }, { param });
}
