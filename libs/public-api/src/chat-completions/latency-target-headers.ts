/** `X-SLO-TTFT-Ms` and `X-SLO-TPOT-Ms`: latency targets of a request, used by placement. */
import { z } from 'zod';

/** One day, which is longer than any request. */
export const LATENCY_TARGET_MS_MAX = 86_400_000;

const target = (about: string): z.ZodOptional<z.ZodNumber> =>
  z
    .number()
    .int()
    .min(1)
    .max(LATENCY_TARGET_MS_MAX)
    .optional()
    .describe(`Latency target, a hint for placement. ${about}`);

export const latencyTargetHeaders = z.object({
  'X-SLO-TTFT-Ms': target('Milliseconds until the first token.'),
  'X-SLO-TPOT-Ms': target('Milliseconds for each token after the first.'),
});
export type LatencyTargetHeader = keyof z.infer<typeof latencyTargetHeaders>;
