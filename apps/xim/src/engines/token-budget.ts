/** The maximum tokens of a completion: the requested limit, clamped to the room in the context. */
import { AppError } from '@xerotier/errors';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';

export interface TokenBudget {
  readonly maxTokens: number;
  /** The requested limit, when it was clamped. */
  readonly clampedFrom?: number;
}

/** `max_completion_tokens` is the newer name and takes precedence over `max_tokens`. */
export function requestedMaxTokens(request: ChatCompletionRequest): number | undefined {
  return request.max_completion_tokens ?? request.max_tokens;
}

/**
 * @returns all room in the context when the request has no limit.
 * @throws {AppError} `inference.context_length_exceeded` when the prompt leaves no room for a single token.
 */
export function tokenBudget(requested: number | undefined, promptTokens: number, contextTokens: number): TokenBudget {
  const room = contextTokens - promptTokens;
  if (room < 1) throw contextLengthExceeded(promptTokens, contextTokens);
  if (requested === undefined) return { maxTokens: room };
  return requested > room ? { maxTokens: room, clampedFrom: requested } : { maxTokens: requested };
}

/** @param promptTokens `at least` a lower bound, where a text that cannot fit was not tokenized. */
export function contextLengthExceeded(promptTokens: number | `at least ${number}`, contextTokens: number): AppError {
  return new AppError('inference.context_length_exceeded', { promptTokens, contextTokens }, { param: 'messages' });
}
