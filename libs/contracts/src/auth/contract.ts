/** What the auth service answers: who may do what, and with which endpoint. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { modelId, projectId, slug } from '../ids.ts';
import { tierLimits, tierSlug } from './tiers.ts';

export const scope = z.enum(['inference', 'management', 'execution']);
export type Scope = z.infer<typeof scope>;

/** What an endpoint is for: its routes refuse another kind of work, whatever its model could do. */
export const endpointTask = z.enum(['generate', 'embed', 'score', 'transcribe', 'speak', 'image']);
export type EndpointTask = z.infer<typeof endpointTask>;

/** SHA-256 of the whole key, hex: the key itself never leaves the gateway's memory. */
const keyHash = z.string().regex(/^[0-9a-f]{64}$/);

export const endpointAccess = z.object({
  id: z.uuid(),
  slug,
  modelId,
  tier: tierSlug,
  task: endpointTask.default('generate'),
  limits: tierLimits,
  /** Unix seconds. */
  createdAt: z.number().int(),
});
export type EndpointAccess = z.infer<typeof endpointAccess>;

export const access = z.object({
  keyId: z.string(),
  scopes: z.array(scope),
  project: z.object({ id: projectId, slug }),
  /** On an endpoint URL exactly that endpoint; on the project-wide base all of the project's. */
  endpoints: z.array(endpointAccess).max(1_000),
});
export type Access = z.infer<typeof access>;

export const authContract = service('auth', {
  authorize: request({
    subject: 'auth.v1.authorize',
    timeoutMs: 2_000,
    input: z.object({
      keyHash,
      /** Absent: the project that the key belongs to. */
      projectId: z.string().max(64).optional(),
      endpointSlug: z.string().max(63).optional(),
      scope,
      /** For the log of those who were denied access. */
      clientAddress: z.string().max(64),
    }),
    output: access,
    errors: [
      'auth.invalid_key',
      'auth.scope_insufficient',
      'project.not_found',
      'endpoint.not_found',
      'db.unavailable',
    ],
  }),
});
