import type { GenerationHead } from '@xerotier/contracts';

/** The headers that tell how an answer was made (seed 002, "Response Headers"). */
export function answerHeaders({ workerId, maxTokensClampedFrom }: GenerationHead): Record<string, string> {
  return {
    'x-xerotier-worker-id': workerId,
    ...(maxTokensClampedFrom !== undefined && { 'x-xerotier-max-tokens-clamped': String(maxTokensClampedFrom) }),
  };
}
