import type { Priority, TokenUsage } from '@xerotier/contracts/inference';

/** Prices in micro-units (millionths of a US dollar) per million tokens. */
export interface TokenPrices {
  readonly inputMicros: bigint;
  readonly cachedInputMicros: bigint;
  readonly outputMicros: bigint;
  /** Of requests with the priority `batch`: 0 to 100. */
  readonly batchDiscountPercent: number;
}

const MILLION_TOKENS = 1_000_000n;

/**
 * The cost of a request in micro-units, rounded half up once:
 *
 *     (uncached * input + cached * cachedInput + completion * output) * (100 - discount) / 100 / 1,000,000
 *
 * Cached tokens are a part of the prompt tokens; reasoning and prediction tokens are a part of the completion tokens.
 */
export function tokenCostMicros(
  { promptTokens, cachedTokens, completionTokens }: TokenUsage,
  priority: Priority,
  { inputMicros, cachedInputMicros, outputMicros, batchDiscountPercent }: TokenPrices,
): bigint {
  const cached = BigInt(Math.min(cachedTokens, promptTokens));
  const uncached = BigInt(promptTokens) - cached;
  const paidPercent = BigInt(100 - (priority === 'batch' ? batchDiscountPercent : 0));
  const full = uncached * inputMicros + cached * cachedInputMicros + BigInt(completionTokens) * outputMicros;
  const divisor = 100n * MILLION_TOKENS;
  return (full * paidPercent + divisor / 2n) / divisor;
}
