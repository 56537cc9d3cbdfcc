/** What a request cost, once it is over. The request id makes its effect on the ledger happen once, however often it comes. */
import { z } from 'zod';
import { tierSlug } from '../auth/tiers.ts';
import { event } from '../define.ts';
import { modelId, projectId, requestId } from '../ids.ts';
import { mediaKind } from '../xim/media.ts';
import { latencyTargets, priority, requestedServiceTier } from './request-class.ts';
import { tokenUsage } from './token-usage.ts';

export const usageRecord = z.object({
  requestId,
  kind: z.enum(['chat.completion', 'embedding', 'rerank', 'score', ...mediaKind.options]),
  projectId,
  endpointId: z.uuid(),
  keyId: z.string(),
  modelId,
  tier: tierSlug,
  priority,
  usage: tokenUsage,
  outcome: z.enum(['completed', 'cancelled', 'failed']),
  streamed: z.boolean(),
  /** Unix milliseconds, clock of the service that served the request. */
  startedAt: z.number().int(),
  durationMs: z.number().nonnegative(),
  /** Null when no token came. */
  timeToFirstTokenMs: z.number().nonnegative().nullable(),
  /** From the first token of a choice to its last, divided by the tokens between; null when there were fewer than two. */
  timePerOutputTokenMs: z.number().nonnegative().nullable().optional(),
  /** What the client had asked for, to be compared with what it got. */
  latencyTargets: latencyTargets.optional(),
  /** What the client had asked for within the tier. */
  requestedServiceTier: requestedServiceTier.optional(),
  /** Whom the client asked for (`user`), in its own words: for looking into abuse. */
  endUser: z.string().max(512).optional(),
});
export type UsageRecord = z.infer<typeof usageRecord>;

export const usageRecorded = event({ subject: 'usage.v1.recorded', stream: 'USAGE', data: usageRecord });
