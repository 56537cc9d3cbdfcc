/** What a schema has against something that a client sent, in the words that clients know. */
import { AppError } from '@xerotier/errors';
import type { z } from 'zod';

const NAME_LENGTH_MAX = 64;

/** `request.invalid`, with the field at fault in `param`. */
export function invalidRequest(issue: z.core.$ZodIssue): AppError {
  const param = fieldName(issue.path);
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  const reason = missing
    ? `Missing required parameter: '${param}'.`
    : `Invalid value for '${param}': ${issue.message}.`;
  return new AppError('request.invalid', { reason }, { param });
}

/** The parsed value. @throws {AppError} `request.invalid` for the first thing that does not fit. */
export function parseRequest<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalidRequest(result.error.issues[0] as z.core.$ZodIssue);
}

/** `messages[0].content`, as clients know fields. A name may be the client's own, and as long as the body. */
function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part}]`;
    const text = String(part).slice(0, NAME_LENGTH_MAX);
    return name === '' ? text : `${name}.${text}`;
  }, '');
}
