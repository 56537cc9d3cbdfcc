/**
 * What travels with a request, from the edge to the router, the worker and the ledger. It is stated once, here; each of the
 * others is sent the part that it reads. Deadline and trace context travel beside it, in the headers of every message
 * (`@xerotier/nats`).
 */
import { z } from 'zod';
import { tierSlug } from '../auth/tiers.ts';
import { leaseId, modelId, projectId, requestId } from '../ids.ts';
import { latencyTargets, priority, requestedServiceTier } from './request-class.ts';

export const requestContext = z.object({
  requestId,
  projectId,
  endpointId: z.uuid(),
  keyId: z.string(),
  modelId,
  tier: tierSlug,
  priority,
  /** What the client asked for within the tier. */
  requestedServiceTier: requestedServiceTier.optional(),
  latencyTargets: latencyTargets.optional(),
  /** Whom the client asked for (`user`), in its own words: for looking into abuse. */
  endUser: z.string().max(512).optional(),
});
export type RequestContext = z.infer<typeof requestContext>;

/** What the router places a request by. */
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

/** What a worker is told of a request: nothing of who made it, but for the project, whose cached prefixes are its own. */
export const workContext = requestContext
  .pick({ requestId: true, projectId: true, priority: true })
  /** Absent when the router could not be asked and any free worker may take it. */
  .extend({ leaseId: leaseId.optional() });
export type WorkContext = z.infer<typeof workContext>;

export const placementContextOf = partOf(placementContext);
export const workContextOf = partOf(workContext.omit({ leaseId: true }));
/** Without whatever else the object has. */
export const requestContextOf = partOf(requestContext);

/** Copies the fields of a schema. Nothing is parsed: whoever receives it does that. */
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
