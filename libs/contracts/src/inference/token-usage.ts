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
