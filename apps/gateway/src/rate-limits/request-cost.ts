import type { TokenPrice } from '@xerotier/contracts/auth';
import type { TokenUsage } from '@xerotier/contracts/inference';

/** What an interactive request may use at most. */
export interface TokenEstimate {
  readonly promptTokens: number;
  /** The most that the prompt can have, whatever the tokenizer. Calculated only for a spend cap. Default: `promptTokens`. */
  readonly promptTokensMax?: () => number;
  readonly completionTokens: number;
  /** If the completion has no maximum of its own: that of the model. Default: `completionTokens`. */
  readonly completionTokensMax?: number | undefined;
}

const MILLION_TOKENS = 1_000_000;

/** The most that a request can cost, in micro-units, rounded up. */
export function maxCostMicros(
  { promptTokens, promptTokensMax = () => promptTokens, completionTokens, ...estimate }: TokenEstimate,
  { inputMicros, cachedInputMicros, outputMicros }: TokenPrice,
): number {
  const { completionTokensMax = completionTokens } = estimate;
  const prompt = promptTokensMax() * Math.max(inputMicros, cachedInputMicros);
  return Math.ceil((prompt + completionTokensMax * outputMicros) / MILLION_TOKENS);
}

/**
 * The cost of an interactive request in micro-units, rounded half up, as in the ledger. Exact for up to nine million tokens at the
 * highest price that can be set.
 */
export function costMicros(
  { promptTokens, cachedTokens, completionTokens }: TokenUsage,
  { inputMicros, cachedInputMicros, outputMicros }: TokenPrice,
): number {
  const cached = Math.min(cachedTokens, promptTokens);
  const full = (promptTokens - cached) * inputMicros + cached * cachedInputMicros + completionTokens * outputMicros;
  return Math.floor((full + MILLION_TOKENS / 2) / MILLION_TOKENS);
}
