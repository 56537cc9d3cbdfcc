/** Operations of the auth service: who may do what, and with which endpoint. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { modelId, projectId, slug } from '../ids.ts';
import { endpointSettings, endpointStatus } from './endpoint-settings.ts';
import { ipFilter, keyQuota } from './key-restrictions.ts';
import { projectSettings } from './project-settings.ts';
import { scope } from './scopes.ts';
import { spendLimits, tokenPrice } from './spend-limits.ts';
import { admissionLimits, tierSlug, tierTimeouts } from './tiers.ts';

/** What an endpoint serves. It rejects the routes of other tasks, even if its model supports them. */
export const endpointTask = z.enum(['generate', 'embed', 'score', 'transcribe', 'speak', 'image']);
export type EndpointTask = z.infer<typeof endpointTask>;

/** SHA-256 of the whole key in hex. The key itself never leaves the gateway. */
const keyHash = z.string().regex(/^[0-9a-f]{64}$/);

export const endpointAccess = z.object({
  id: z.uuid(),
  slug,
  modelId,
  tier: tierSlug,
  task: endpointTask.default('generate'),
  limits: admissionLimits,
  /** Absent if the tier has none. */
  timeouts: tierTimeouts.optional(),
  /** Of the tier, if a spend cap applies. */
  price: tokenPrice.optional(),
  /** A paused endpoint rejects requests. */
  status: endpointStatus.default('active'),
  ...endpointSettings.shape,
  /** Of several endpoints, none has its system prompt, which can be long: the access of this endpoint alone has it. */
  isSystemPromptOmitted: z.literal(true).optional(),
  /** Unix seconds. */
  createdAt: z.number().int(),
});
export type EndpointAccess = z.infer<typeof endpointAccess>;

export const access = z.object({
  keyId: z.string(),
  scopes: z.array(scope),
  project: z.object({ id: projectId, slug }),
  /** For an endpoint URL only that endpoint; for the project-wide base URL all endpoints of the project. */
  endpoints: z.array(endpointAccess).max(1_000),
  /** Checked by the gateway, which sees the address. Absent: every address may use the key. */
  ipFilter: ipFilter.optional(),
  /** Requests in a window, besides the limits of the tier. */
  quota: keyQuota.optional(),
  /** Absent if all of them have their defaults. */
  settings: projectSettings.optional(),
  /** Absent: no spend cap applies. */
  spend: spendLimits.optional(),
});
export type Access = z.infer<typeof access>;

export const authContract = service('auth', {
  authorize: request({
    subject: 'auth.v1.authorize',
    timeoutMs: 2_000,
    input: z.object({
      keyHash,
      /** Default: the project that the key belongs to. */
      projectId: z.string().max(64).optional(),
      endpointSlug: z.string().max(63).optional(),
      scope,
      /** Logged when access is denied. */
      clientAddress: z.string().max(64),
    }),
    output: access,
    errors: [
      'auth.invalid_key',
      'auth.scope_insufficient',
      'auth.endpoint_not_allowed',
      'project.not_found',
      'project.archived',
      'endpoint.not_found',
      'db.unavailable',
    ],
  }),
});

export const keyAccessContract = service('auth', {
  /** The access of a valid key that has started work: its value is not known any more. Otherwise as `authorize`. */
  authorizeKey: request({
    subject: 'auth.v1.authorize-key',
    timeoutMs: 2_000,
    input: z.object({
      keyId: z.string().max(64),
      projectId,
      endpointSlug: z.string().max(63).optional(),
      scope,
    }),
    output: access,
    errors: [
      'auth.invalid_key',
      'auth.scope_insufficient',
      'auth.endpoint_not_allowed',
      'project.not_found',
      'project.archived',
      'endpoint.not_found',
      'db.unavailable',
    ],
  }),
});
