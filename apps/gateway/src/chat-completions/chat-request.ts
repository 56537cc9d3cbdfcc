/** Parses the body of a chat completion request, and rejects parameters that the platform does not support. */
import { readFields } from '@xerotier/http';
import { chatCompletionRequest } from '@xerotier/public-api/chat-completions';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { exactIntegerIn, fieldsOf, rejectUnsupported } from '../requests/request-fields.ts';
import type { Fields, UnsupportedParameter } from '../requests/request-fields.ts';
import { assertStorable } from '../stored-completions/stored-completion.ts';
import { withoutNestedNulls } from './nested-nulls.ts';

/** Parameters of the OpenAI specification that change the output, and are not supported by the platform. */
const UNSUPPORTED: readonly UnsupportedParameter[] = [
  {
    param: 'web_search_options',
    isRequested: (value) => value != null,
    reason: 'web search is not available yet.',
  },
  { param: 'functions', isRequested: (value) => value != null, reason: 'use tools instead.' },
  { param: 'function_call', isRequested: (value) => value != null, reason: 'use tool_choice instead.' },
  { param: 'audio', isRequested: (value) => value != null, reason: 'output is text only.' },
  {
    param: 'modalities',
    isRequested: (value) => Array.isArray(value) && value.some((kind) => kind !== 'text'),
    reason: 'output is text only.',
  },
  {
    param: 'verbosity',
    isRequested: (value) => value != null && value !== 'medium',
    reason: 'the verbosity of the model cannot be changed.',
  },
  { param: 'moderation', isRequested: (value) => value != null, reason: 'moderation is not available.' },
];

/**
 * @throws {AppError} `request.invalid` or `request.unsupported_parameter`, naming the field in `param`;
 * `completion.too_large` if it has `store` and is too large to be stored.
 */
export function parseChatRequest(body: unknown): ChatCompletionRequest {
  const fields = fieldsOf(body);
  rejectUnsupported(fields, UNSUPPORTED);
  const chat = readChat(fields);
  if (chat.store === true) assertStorable(chat);
  return chat;
}

const SEED_MIN = -(2n ** 63n);
const SEED_MAX = 2n ** 63n - 1n;

/**
 * Returns the exact digits of a seed that exceeds the precision of a number; undefined for any other seed. Since the bounds of
 * the OpenAI specification are rounded up, the digits are clamped to 64 bits.
 */
export function seedDigitsIn(body: unknown): string | undefined {
  const seed = exactIntegerIn(body, 'seed');
  if (seed === undefined) return undefined;
  return String(seed > SEED_MAX ? SEED_MAX : seed < SEED_MIN ? SEED_MIN : seed);
}

/** Nested nulls are rare, so they are removed only if the validation fails. */
function readChat(fields: Fields): ChatCompletionRequest {
  try {
    return readFields(chatCompletionRequest, fields);
  } catch (error) {
    const relaxed = withoutNestedNulls(fields);
    if (relaxed === undefined) throw error;
    return readFields(chatCompletionRequest, relaxed);
  }
}
