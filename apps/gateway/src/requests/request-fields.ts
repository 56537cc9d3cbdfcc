/** The fields of a request body; errors have messages for clients. */
import { AppError } from '@xerotier/errors';

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
