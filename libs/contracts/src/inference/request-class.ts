/** How urgent a request is, and what its client would like to see. */
import { z } from 'zod';

/** Classes of work, most urgent first. */
export const priority = z.enum(['interactive', 'batch', 'background']);
export type Priority = z.infer<typeof priority>;

/** What a client would like to see (`X-SLO-TTFT-Ms`, `X-SLO-TPOT-Ms`): a hint for placement, in milliseconds, never a promise. */
export const latencyTargets = z.object({
  timeToFirstTokenMs: z.number().int().positive().optional(),
  timePerOutputTokenMs: z.number().int().positive().optional(),
});
export type LatencyTargets = z.infer<typeof latencyTargets>;

/**
 * What a client asks for within the tier of its endpoint (`service_tier`): its project's own requests trade places by it, and
 * the ledger keeps it for billing. It never changes the endpoint's tier, nor passes another tenant.
 */
export const requestedServiceTier = z.enum(['priority', 'default', 'flex']);
export type RequestedServiceTier = z.infer<typeof requestedServiceTier>;
