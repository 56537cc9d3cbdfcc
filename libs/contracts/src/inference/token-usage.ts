import { z } from 'zod';

const tokens = z.number().int().nonnegative();

export const tokenUsage = z.object({
  promptTokens: tokens,
  /** Prompt tokens that the engine reused from its cache. */
  cachedTokens: tokens,
  completionTokens: tokens,
  reasoningTokens: tokens.default(0),
  acceptedPredictionTokens: tokens.default(0),
  rejectedPredictionTokens: tokens.default(0),
});
export type TokenUsage = z.infer<typeof tokenUsage>;

const zero = tokenUsage.parse({ promptTokens: 0, cachedTokens: 0, completionTokens: 0 });

/** Returns a new object each time, since engines mutate it. */
export function emptyUsage(): TokenUsage {
  return { ...zero };
}

/** Returns the sum of two usages. */
export function addUsage(a: TokenUsage, b: TokenUsage): TokenUsage {
  const sum = { ...a };
  for (const name of Object.keys(zero) as (keyof TokenUsage)[]) sum[name] += b[name];
  return sum;
}
