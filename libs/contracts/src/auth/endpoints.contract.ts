/** Endpoints of a project: their whole life, and the tiers to choose from. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { modelId, projectId, slug } from '../ids.ts';
import { latencyTargets } from '../inference/request-class.ts';
import { CHANGE_ERRORS, changeContext } from './change.ts';
import { endpointTask } from './contract.ts';
import { endpointDefaults, endpointStatus } from './endpoint-settings.ts';
import { tierRecord, tierSlug } from './tiers.ts';

export const endpointRecord = z.object({
  id: z.uuid(),
  slug,
  modelId,
  tier: tierSlug,
  task: endpointTask,
  status: endpointStatus,
  defaults: endpointDefaults,
  latencyTargets,
  /** Unix milliseconds. */
  createdAt: z.number().int().nonnegative(),
});
export type EndpointRecord = z.infer<typeof endpointRecord>;

/** The tier of endpoints on workers of their own project, the only one that serves uploaded models. */
export const TIER_FOR_UPLOADS = 'self_hosted';

/** Slugs in a response of `findModelUses`. */
export const MODEL_USES_MAX = 10;

const TIMEOUT_MS = 5_000;
const change = z.object({ context: changeContext });
const one = change.extend({ slug });

/** Present if a project has uploaded the model that the message names. Such a model needs {@link TIER_FOR_UPLOADS}. */
const upload = z.object({ bytes: z.number().int().positive() }).optional();

/** The endpoint of another project is `endpoint.not_found`, like one that does not exist. */
export const endpointsContract = service('auth', {
  listEndpoints: request({
    subject: 'auth.v1.endpoints.list',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      projectId,
      /** The last id of the previous page. */
      after: z.uuid().optional(),
      limit: z.number().int().min(1).max(100),
      order: z.enum(['asc', 'desc']),
    }),
    output: z.object({ data: z.array(endpointRecord), hasMore: z.boolean() }),
    errors: ['list.unknown_cursor', 'db.unavailable'],
  }),
  getEndpoint: request({
    subject: 'auth.v1.endpoints.get',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ projectId, slug }),
    output: endpointRecord,
    errors: ['endpoint.not_found', 'db.unavailable'],
  }),
  createEndpoint: request({
    subject: 'auth.v1.endpoints.create',
    timeoutMs: TIMEOUT_MS,
    input: one.extend({
      modelId,
      upload,
      tier: tierSlug,
      task: endpointTask,
      defaults: endpointDefaults,
      latencyTargets,
    }),
    output: endpointRecord,
    errors: [
      'project.not_found',
      'tier.not_found',
      'endpoint.slug_taken',
      'endpoint.too_many',
      'endpoint.wrong_tier',
      'endpoint.model_too_large',
      ...CHANGE_ERRORS,
    ],
  }),
  /** Changes what is present. The slug and the task of an endpoint never change. */
  updateEndpoint: request({
    subject: 'auth.v1.endpoints.update',
    timeoutMs: TIMEOUT_MS,
    input: one.extend({
      modelId: modelId.optional(),
      upload,
      tier: tierSlug.optional(),
      defaults: endpointDefaults.optional(),
      latencyTargets: latencyTargets.optional(),
    }),
    output: endpointRecord,
    errors: [
      'project.not_found',
      'endpoint.not_found',
      'tier.not_found',
      'endpoint.too_many',
      'endpoint.wrong_tier',
      'endpoint.model_too_large',
      ...CHANGE_ERRORS,
    ],
  }),
  /** A paused endpoint rejects requests. Pausing a paused one changes nothing. */
  setEndpointStatus: request({
    subject: 'auth.v1.endpoints.set-status',
    timeoutMs: TIMEOUT_MS,
    input: one.extend({ status: endpointStatus }),
    output: endpointRecord,
    errors: ['endpoint.not_found', ...CHANGE_ERRORS],
  }),
  /** Its slug cannot be used again, since the ledger and stored completions refer to it. */
  deleteEndpoint: request({
    subject: 'auth.v1.endpoints.delete',
    timeoutMs: TIMEOUT_MS,
    input: one,
    output: endpointRecord,
    errors: ['endpoint.not_found', ...CHANGE_ERRORS],
  }),
  /** The endpoints that have a model: those of the project by slug, those of others as a number. */
  findModelUses: request({
    subject: 'auth.v1.endpoints.find-model-uses',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ projectId, modelId }),
    output: z.object({
      /** The first ones. */
      slugs: z.array(slug).max(MODEL_USES_MAX),
      own: z.number().int().nonnegative(),
      foreign: z.number().int().nonnegative(),
      /** The largest model that all tiers of these endpoints allow; null is unlimited. */
      bytesMax: z.number().int().positive().nullable(),
    }),
    errors: ['db.unavailable'],
  }),
  listTiers: request({
    subject: 'auth.v1.tiers.list',
    timeoutMs: TIMEOUT_MS,
    input: z.object({}),
    output: z.object({ tiers: z.array(tierRecord).max(1_000) }),
    errors: ['db.unavailable'],
  }),
});
