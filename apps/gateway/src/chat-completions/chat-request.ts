/** Parses the body of a chat completion request, and refuses by name what this platform does not do yet. */
import { chatCompletionRequest } from '@xerotier/contracts';
import type { ChatCompletionRequest } from '@xerotier/contracts';
import { AppError } from '@xerotier/errors';
import type { z } from 'zod';

/** Parameters of the specification that change the answer, and that no part of the platform serves. */
const NOT_SERVED: readonly { param: string; asked: (value: unknown) => boolean; reason: string }[] = [
  { param: 'store', asked: (value) => value === true, reason: 'completions are not stored on this platform yet.' },
  {
    param: 'web_search_options',
    asked: (value) => value != null,
    reason: 'web search is not available on this platform yet.',
  },
  { param: 'functions', asked: (value) => value != null, reason: 'use tools instead.' },
  { param: 'function_call', asked: (value) => value != null, reason: 'use tool_choice instead.' },
  { param: 'audio', asked: (value) => value != null, reason: 'answers are text.' },
  {
    param: 'modalities',
    asked: (value) => Array.isArray(value) && value.some((kind) => kind !== 'text'),
    reason: 'answers are text.',
  },
];

/** @throws {AppError} `request.invalid` or `request.unsupported_parameter`, naming the field in `param`. */
export function parseChatRequest(body: unknown): ChatCompletionRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new AppError('request.invalid', { reason: 'The request body must be a JSON object.' });
  }
  const fields = body as Record<string, unknown>;
  const refused = NOT_SERVED.find(({ param, asked }) => Object.hasOwn(fields, param) && asked(fields[param]));
  if (refused !== undefined) {
    throw new AppError(
      'request.unsupported_parameter',
      { param: refused.param, reason: refused.reason },
      { param: refused.param },
    );
  }
  const result = chatCompletionRequest.safeParse(fields);
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
