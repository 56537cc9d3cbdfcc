/** Parses the fields of a request body with a schema; errors have messages for clients. */
import { AppError } from '@xerotier/errors';
import { readValue } from '@xerotier/public-api/validation';
import type { z } from 'zod';

export type Fields = Readonly<Record<string, unknown>>;

/** A parameter that would change the output, and is not supported by the platform. */
export interface UnsupportedParameter {
  readonly param: string;
  readonly isRequested: (value: unknown) => boolean;
  readonly reason: string;
}

/**
 * Returns the fields of a body. Integers that exceed the precision of a number are rounded; see `exactIntegerIn`.
 * @throws {AppError} `request.invalid` if the body is not a JSON object, `request.unreadable_json` if it is missing.
 */
export function fieldsOf(body: unknown): Fields {
  if (body === undefined) throw new AppError('request.unreadable_json', { reason: 'the body is empty.' });
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new AppError('request.invalid', { reason: 'The request body must be a JSON object.' });
  }
  const fields = body as Fields;
  if (!Object.values(fields).some((value) => typeof value === 'bigint')) return fields;
  const rounded = Object.entries(fields).map(([name, value]) => [
    name,
    typeof value === 'bigint' ? Number(value) : value,
  ]);
  return Object.fromEntries(rounded) as Fields;
}

/** Returns a field of the body if it is an integer that exceeds the precision of a number. */
export function exactIntegerIn(body: unknown, name: string): bigint | undefined {
  const value = (body as Fields | null | undefined)?.[name];
  return typeof value === 'bigint' ? value : undefined;
}

/** @throws {AppError} `request.unsupported_parameter`, naming the first unsupported parameter of the request. */
export function rejectUnsupported(fields: Fields, unsupported: readonly UnsupportedParameter[]): void {
  const rejected = unsupported.find(
    ({ param, isRequested }) => Object.hasOwn(fields, param) && isRequested(fields[param]),
  );
  if (rejected === undefined) return;
  const { param, reason } = rejected;
  throw new AppError('request.unsupported_parameter', { param, reason }, { param });
}

/** Parses a value with a schema. @throws {AppError} `request.invalid` for the first error, naming the field in `param`. */
export function readFields<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = readValue(schema, value);
  if (result.ok) return result.value;
  const { param, reason } = result.error;
  throw new AppError('request.invalid', { reason }, { param });
}
