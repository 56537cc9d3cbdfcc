/** Parses the body of a chat completion request, and refuses by name what this platform does not do yet. */
import { chatCompletionRequest } from '@xerotier/public-api/chat-completions';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { exactIntegerIn, fieldsOf, readFields, rejectNotServed } from '../requests/request-fields.ts';
import type { Fields, NotServed } from '../requests/request-fields.ts';
import { assertStorable } from '../stored-completions/stored-completion.ts';
import { withoutNestedNulls } from './nested-nulls.ts';

/** Parameters of the specification that change the answer, and that no part of the platform serves. */
const NOT_SERVED: readonly NotServed[] = [
  {
    param: 'web_search_options',
    isRequested: (value) => value != null,
    reason: 'web search is not available on this platform yet.',
  },
  { param: 'functions', isRequested: (value) => value != null, reason: 'use tools instead.' },
  { param: 'function_call', isRequested: (value) => value != null, reason: 'use tool_choice instead.' },
  { param: 'audio', isRequested: (value) => value != null, reason: 'answers are text.' },
  {
    param: 'modalities',
    isRequested: (value) => Array.isArray(value) && value.some((kind) => kind !== 'text'),
    reason: 'answers are text.',
  },
  {
    param: 'verbosity',
    isRequested: (value) => value != null && value !== 'medium',
    reason: 'answers are as long as the model makes them.',
  },
  { param: 'moderation', isRequested: (value) => value != null, reason: 'answers are not moderated.' },
];

/**
 * @throws {AppError} `request.invalid` or `request.unsupported_parameter`, naming the field in `param`;
 * `completion.too_large` when it wants to be stored and cannot.
 */
export function parseChatRequest(body: unknown): ChatCompletionRequest {
  const fields = fieldsOf(body);
  rejectNotServed(fields, NOT_SERVED);
  const chat = readChat(fields);
  if (chat.store === true) assertStorable(chat);
  return chat;
}

const SEED_MIN = -(2n ** 63n);
const SEED_MAX = 2n ** 63n - 1n;

/**
 * The digits of a seed that a number cannot hold, as they were written; undefined for any other. The bounds of the
 * specification are themselves rounded: what is beyond 64 bits within them is the nearest that has 64.
 */
export function seedDigitsIn(body: unknown): string | undefined {
  const seed = exactIntegerIn(body, 'seed');
  if (seed === undefined) return undefined;
  return String(seed > SEED_MAX ? SEED_MAX : seed < SEED_MIN ? SEED_MIN : seed);
}

/** Most requests have no null anywhere: only one that does not fit is looked at again without. */
function readChat(fields: Fields): ChatCompletionRequest {
  try {
    return readFields(chatCompletionRequest, fields);
  } catch (error) {
    const relaxed = withoutNestedNulls(fields);
    if (relaxed === undefined) throw error;
    return readFields(chatCompletionRequest, relaxed);
  }
}
