/** The fields of a request's body: read by a schema, and refused in the words of a client when they do not fit. */
import { AppError } from '@xerotier/errors';
import { readValue } from '@xerotier/public-api/validation';
import type { z } from 'zod';

export type Fields = Readonly<Record<string, unknown>>;

/** A parameter that would change the answer, and that no part of the platform serves. */
export interface NotServed {
  readonly param: string;
  readonly isRequested: (value: unknown) => boolean;
  readonly reason: string;
}

/**
 * Integers beyond those that a number can hold are rounded; `exactIntegerIn` has all of their digits.
 * @throws {AppError} `request.invalid` when the body is no JSON object, `request.unreadable_json` when there is none.
 */
export function fieldsOf(body: unknown): Fields {
  if (body === undefined) throw new AppError('request.unreadable_json', { reason: 'it is empty.' });
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

/** A field of the body that is an integer beyond those that a number can hold, else undefined. */
export function exactIntegerIn(body: unknown, name: string): bigint | undefined {
  const value = (body as Fields | null | undefined)?.[name];
  return typeof value === 'bigint' ? value : undefined;
}

/** @throws {AppError} `request.unsupported_parameter` naming the first of the parameters that the request asks for. */
export function rejectNotServed(fields: Fields, notServed: readonly NotServed[]): void {
  const rejected = notServed.find(
    ({ param, isRequested }) => Object.hasOwn(fields, param) && isRequested(fields[param]),
  );
  if (rejected === undefined) return;
  const { param, reason } = rejected;
  throw new AppError('request.unsupported_parameter', { param, reason }, { param });
}

/** The parsed value. @throws {AppError} `request.invalid` for the first thing that does not fit, naming the field in `param`. */
export function readFields<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = readValue(schema, value);
  if (result.ok) return result.value;
  const { param, reason } = result.error;
  throw new AppError('request.invalid', { reason }, { param });
}
