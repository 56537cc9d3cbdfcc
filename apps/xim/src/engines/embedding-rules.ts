/** What engines that compute vectors themselves check alike. */
import type { TokenUsage } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';

/**
 * `tokens` may be a lower bound, where nobody counted a text that cannot fit. `usage` is what was computed before this input
 * was looked at.
 */
export function inputTooLong(param: string, tokens: number, contextTokens: number, usage?: TokenUsage): AppError {
  const details = { param, tokens, contextTokens, ...(usage !== undefined && { usage }) };
  return new AppError('inference.input_too_long', details, { param });
}

/** All inputs of a request together, as the OpenAI specification bounds them. */
const TOKENS_TOGETHER_MAX = 300_000;

/** @throws {AppError} `request.invalid` naming the input that is one too many, when all up to it have so many tokens. */
export function rejectTooManyTogether(param: string, tokens: number): void {
  if (tokens <= TOKENS_TOGETHER_MAX) return;
  const reason = `Invalid value for '${param}': the texts of a request may have ${TOKENS_TOGETHER_MAX} tokens together, and up to here they have ${tokens}.`;
  throw new AppError('request.invalid', { reason }, { param });
}

/** @throws {AppError} `request.invalid` when the vectors shall have another size than they have. */
export function rejectOtherDimensions(requested: number | undefined, size: number): void {
  if (requested === undefined || requested === size) return;
  const reason = `Invalid value for 'dimensions': this model has vectors of ${size} numbers and no other size.`;
  throw new AppError('request.invalid', { reason }, { param: 'dimensions' });
}

/** @throws {AppError} `request.invalid` naming the first token that the vocabulary does not have. */
export function rejectUnknownTokens(param: string, tokens: readonly number[], vocabularySize: number): void {
  const at = tokens.findIndex((token) => token >= vocabularySize);
  if (at < 0) return;
  const reason = `Invalid value for '${param}': token ${tokens[at]}, at position ${at}, is not in the vocabulary of this model, which has ${vocabularySize} tokens.`;
  throw new AppError('request.invalid', { reason }, { param });
}

/** The vector of length 1 in the same direction. One without a direction stays as it is. */
export function normalised(vector: readonly number[]): Float32Array {
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (value) => (length === 0 ? 0 : value / length));
}
