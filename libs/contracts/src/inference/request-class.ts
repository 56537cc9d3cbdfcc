/** Kind, priority, latency targets and requested tier of a request. */
import { z } from 'zod';

/** What a request is in the ledger. */
export const usageKind = z.enum([
  'chat.completion',
  'embedding',
  'rerank',
  'score',
  'audio.transcription',
  'audio.translation',
  'audio.speech',
  'image.generation',
  'image.edit',
  'image.variation',
]);
export type UsageKind = z.infer<typeof usageKind>;

/** Priority classes, highest first. */
export const priority = z.enum(['interactive', 'batch', 'background']);
export type Priority = z.infer<typeof priority>;

/** Latency targets of a client (`X-SLO-TTFT-Ms`, `X-SLO-TPOT-Ms`) in milliseconds: a hint for placement, not a guarantee. */
export const latencyTargets = z.object({
  timeToFirstTokenMs: z.number().int().positive().optional(),
  timePerOutputTokenMs: z.number().int().positive().optional(),
});
export type LatencyTargets = z.infer<typeof latencyTargets>;

/**
 * The tier that a client requests (`service_tier`). It orders the queued requests of one project, and is recorded in the ledger
 * for billing. It does not change the tier of the endpoint, nor the order between tenants.
 */
export const requestedServiceTier = z.enum(['priority', 'default', 'flex']);
export type RequestedServiceTier = z.infer<typeof requestedServiceTier>;
