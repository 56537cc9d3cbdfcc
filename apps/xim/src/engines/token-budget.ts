/** How many tokens a reply may have: what was asked for, lowered to what the context has room for. */
import { AppError } from '@xerotier/errors';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';

export interface TokenBudget {
  readonly maxTokens: number;
  /** The number that was asked for, when it had to be lowered. */
  readonly clampedFrom?: number;
}

/** `max_completion_tokens` is the newer name and wins where both are given. */
export function requestedMaxTokens(request: ChatCompletionRequest): number | undefined {
  return request.max_completion_tokens ?? request.max_tokens;
}

/**
 * @returns all the room there is when the request names no limit.
 * @throws {AppError} `inference.context_length_exceeded` when the prompt leaves no room for a single token.
 */
export function tokenBudget(requested: number | undefined, promptTokens: number, contextTokens: number): TokenBudget {
  const room = contextTokens - promptTokens;
  if (room < 1) throw contextLengthExceeded(promptTokens, contextTokens);
  if (requested === undefined) return { maxTokens: room };
  return requested > room ? { maxTokens: room, clampedFrom: requested } : { maxTokens: requested };
}

/** @param promptTokens `at least` so many, where nobody counted a text that cannot fit. */
export function contextLengthExceeded(promptTokens: number | `at least ${number}`, contextTokens: number): AppError {
  return new AppError('inference.context_length_exceeded', { promptTokens, contextTokens }, { param: 'messages' });
}
