import type { TokenUsage } from '@xerotier/contracts/inference';

/** The usage of a generation that has not begun. */
export function noUsage(): TokenUsage {
  return {
    promptTokens: 0,
    cachedTokens: 0,
    completionTokens: 0,
    reasoningTokens: 0,
    acceptedPredictionTokens: 0,
    rejectedPredictionTokens: 0,
  };
}
