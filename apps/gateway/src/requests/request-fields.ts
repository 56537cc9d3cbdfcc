/** The fields of a request's body: read by a schema, and refused in the words of a client when they do not fit. */
import { AppError } from '@xerotier/errors';
import type { z } from 'zod';

export type Fields = Readonly<Record<string, unknown>>;

/** A parameter that would change the answer, and that no part of the platform serves. */
export interface NotServed {
  readonly param: string;
  readonly asked: (value: unknown) => boolean;
  readonly reason: string;
}

/** @throws {AppError} `request.invalid` when the body is no JSON object, `request.unreadable_json` when there is none. */
export function fieldsOf(body: unknown): Fields {
  if (body === undefined) throw new AppError('request.unreadable_json', { reason: 'it is empty.' });
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new AppError('request.invalid', { reason: 'The request body must be a JSON object.' });
  }
  return body as Fields;
}

/** @throws {AppError} `request.unsupported_parameter` naming the first of the parameters that the request asks for. */
export function refuseNotServed(fields: Fields, notServed: readonly NotServed[]): void {
  const refused = notServed.find(({ param, asked }) => Object.hasOwn(fields, param) && asked(fields[param]));
  if (refused === undefined) return;
  const { param, reason } = refused;
  throw new AppError('request.unsupported_parameter', { param, reason }, { param });
}

/** The parsed value. @throws {AppError} `request.invalid` for the first thing that does not fit, naming the field in `param`. */
export function readFields<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(result.error.issues[0] as z.core.$ZodIssue);
}

const NAME_LENGTH_MAX = 64;

function invalid(issue: z.core.$ZodIssue): AppError {
  const param = fieldName(issue.path);
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  const reason = missing
    ? `Missing required parameter: '${param}'.`
    : `Invalid value for '${param}': ${issue.message}.`;
  return new AppError('request.invalid', { reason }, { param });
}

/** `messages[0].content`, as clients know fields. A name may be the client's own, and as long as the body. */
function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part}]`;
    const text = String(part).slice(0, NAME_LENGTH_MAX);
    return name === '' ? text : `${name}.${text}`;
  }, '');
}
