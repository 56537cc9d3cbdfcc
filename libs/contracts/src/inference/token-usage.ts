import { z } from 'zod';

const tokens = z.number().int().nonnegative();

export const tokenUsage = z.object({
  promptTokens: tokens,
  /** The part of the prompt that the engine did not need to compute again. */
  cachedTokens: tokens,
  completionTokens: tokens,
  reasoningTokens: tokens.default(0),
  acceptedPredictionTokens: tokens.default(0),
  rejectedPredictionTokens: tokens.default(0),
});
export type TokenUsage = z.infer<typeof tokenUsage>;

const nothing = tokenUsage.parse({ promptTokens: 0, cachedTokens: 0, completionTokens: 0 });

/** A new object each time, since engines count in it. */
export function emptyUsage(): TokenUsage {
  return { ...nothing };
}

/** What both used together. */
export function addUsage(a: TokenUsage, b: TokenUsage): TokenUsage {
  const sum = { ...a };
  for (const name of Object.keys(nothing) as (keyof TokenUsage)[]) sum[name] += b[name];
  return sum;
}
