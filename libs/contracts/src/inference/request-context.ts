/**
 * The context of a request, from the gateway to the router, the worker and the ledger. Each receiver gets only the fields that
 * it reads. Deadline and trace context are in the headers of every message (`@xerotier/nats`).
 */
import { z } from 'zod';
import { tierSlug } from '../auth/tiers.ts';
import { leaseId, modelId, projectId, requestId } from '../ids.ts';
import { latencyTargets, priority, requestedServiceTier, usageKind } from './request-class.ts';

export const requestContext = z.object({
  requestId,
  projectId,
  endpointId: z.uuid(),
  keyId: z.string(),
  modelId,
  tier: tierSlug,
  priority,
  /** `service_tier` of the request. */
  requestedServiceTier: requestedServiceTier.optional(),
  latencyTargets: latencyTargets.optional(),
  /** `user` of the request, verbatim; for abuse investigations. */
  endUser: z.string().max(512).optional(),
});
export type RequestContext = z.infer<typeof requestContext>;

/** The fields that placement uses. */
export const placementContext = requestContext.pick({
  requestId: true,
  projectId: true,
  modelId: true,
  tier: true,
  priority: true,
  requestedServiceTier: true,
  latencyTargets: true,
});
export type PlacementContext = z.infer<typeof placementContext>;

/** Who is charged for a request, and for what. A worker has no business with it. */
export const account = requestContext.omit({ requestId: true, priority: true });
export type Account = z.infer<typeof account>;

/** What the ledger has to know of a request before it has ended, besides its account. */
export const requestFacts = z.object({
  priority,
  kind: usageKind,
  streamed: z.boolean(),
  /** Number of generations, one per choice. */
  choices: z.number().int().positive(),
  /** Unix milliseconds, clock of the gateway. */
  startedAt: z.number().int(),
  /** When the gateway ends the request at the latest, in Unix milliseconds. */
  deadlineAt: z.number().int(),
});
export type RequestFacts = z.infer<typeof requestFacts>;

/**
 * What a worker returns with its usage report: `<account>.<facts>`, the account sealed (`@xerotier/usage-accounting`). Opaque to
 * workers, and text, since each of them reads it from each message.
 */
export const accounting = z.string().max(8_192);

/** Counts the workers that a choice was sent to, from 1. */
export const attemptNumber = z.number().int().positive();

/** The fields that a worker receives. It needs the project because cached prefixes are not shared between projects. */
export const workContext = requestContext.pick({ requestId: true, projectId: true, priority: true }).extend({
  /** Absent if the router is unavailable and any free worker may take the request. */
  leaseId: leaseId.optional(),
  /** The worker returns it in its usage report. Absent: it reports nothing. */
  accounting: accounting.optional(),
  /** Absent in messages of earlier gateways, which send no `accounting` either. */
  attempt: attemptNumber.optional(),
});
export type WorkContext = z.infer<typeof workContext>;

export const placementContextOf = partOf(placementContext);
export const workContextOf = partOf(workContext.omit({ leaseId: true, accounting: true, attempt: true }));
export const accountOf = partOf(account);
/** Returns the context without extra properties of the object. */
export const requestContextOf = partOf(requestContext);

/** Copies the fields of a schema without parsing them; the receiver validates. */
function partOf<S extends z.ZodObject>(schema: S): (context: z.infer<S>) => z.infer<S> {
  const names = Object.keys(schema.shape);
  return (context) => {
    const part: Record<string, unknown> = {};
    for (const name of names) {
      const value = (context as Record<string, unknown>)[name];
      if (value !== undefined) part[name] = value;
    }
    return part as z.infer<S>;
  };
}
