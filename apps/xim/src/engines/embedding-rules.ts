/** Checks that engines with their own embedding computation share. */
import type { TokenUsage } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';

/**
 * `tokens` may be a lower bound, where a text that cannot fit was not tokenized. `usage` is that of the inputs before this
 * one.
 */
export function inputTooLong(param: string, tokens: number, contextTokens: number, usage?: TokenUsage): AppError {
  const details = { param, tokens, contextTokens, ...(usage !== undefined && { usage }) };
  return new AppError('inference.input_too_long', details, { param });
}

/** Maximum tokens of all inputs of a request, as in the OpenAI specification. */
const TOTAL_TOKENS_MAX = 300_000;

/** @throws {AppError} `request.invalid` naming the input with which the total exceeds the maximum. */
export function rejectTooManyTokens(param: string, tokens: number): void {
  if (tokens <= TOTAL_TOKENS_MAX) return;
  const reason = `Invalid value for '${param}': the inputs of a request may have at most ${TOTAL_TOKENS_MAX} tokens in total, and the inputs up to this one have ${tokens}.`;
  throw new AppError('request.invalid', { reason }, { param });
}

/** @throws {AppError} `request.invalid` when the requested size is not that of the model's vectors. */
export function rejectUnsupportedDimensions(requested: number | undefined, size: number): void {
  if (requested === undefined || requested === size) return;
  const reason = `Invalid value for 'dimensions': this model supports ${size} dimensions only.`;
  throw new AppError('request.invalid', { reason }, { param: 'dimensions' });
}

/** @throws {AppError} `request.invalid` naming the first token that is not in the vocabulary. */
export function rejectUnknownTokens(param: string, tokens: readonly number[], vocabularySize: number): void {
  const at = tokens.findIndex((token) => token >= vocabularySize);
  if (at < 0) return;
  const reason = `Invalid value for '${param}': token ${tokens[at]}, at position ${at}, is not in the vocabulary of this model, which has ${vocabularySize} tokens.`;
  throw new AppError('request.invalid', { reason }, { param });
}

/** Scales the vector to length 1. A zero vector stays unchanged. */
export function normalized(vector: readonly number[]): Float32Array {
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (value) => (length === 0 ? 0 : value / length));
}
