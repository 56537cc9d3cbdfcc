import type { z } from 'zod';
import { DEFAULT_MESSAGE, fieldErrorOf } from './field-error.ts';
import type { FieldError } from './field-error.ts';

export type ReadResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: FieldError };

/** Parses a value with a schema. Returns the parsed value, or the first error with a message for the client. */
export function readValue<S extends z.ZodType>(schema: S, value: unknown): ReadResult<z.output<S>> {
  const result = schema.safeParse(value, { reportInput: true, error: () => DEFAULT_MESSAGE });
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, error: fieldErrorOf(result.error.issues[0] as z.core.$ZodIssue) };
}
