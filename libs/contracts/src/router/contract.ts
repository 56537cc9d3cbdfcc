/** Operations of the router: placement of generations on workers, and the model catalogue. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { leaseId, modelId, projectId, workerId } from '../ids.ts';
import { placementContext } from '../inference/request-context.ts';
import { uploadedModel } from './models.contract.ts';

/** Maximum number of workers that a request may exclude, and so of workers that it can try. */
export const EXCLUDED_WORKERS_MAX = 16;

export const acquireInput = placementContext.extend({
  /** A repeated call with the same id keeps the position in the queue, and returns the same lease once it is granted. */
  ticketId: z.string().regex(/^[A-Za-z0-9_-]{1,80}$/),
  /** Estimated size of the prompt. The router never receives the prompt. */
  promptTokensEstimate: z.number().int().nonnegative(),
  /** Requests with the same key begin with the same prompt: the worker that served the last one may have it in its cache. */
  affinityKey: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  /** Workers that this request has already failed on; at most {@link EXCLUDED_WORKERS_MAX}. */
  excludedWorkers: z.array(workerId).max(EXCLUDED_WORKERS_MAX),
  /** How long the router may hold this call open. The caller repeats it if it ends with `queued`. */
  waitMs: z.number().int().nonnegative().max(5_000),
  /** Time until the deadline of the caller. A request that cannot start by then is rejected instead of queued. */
  deadlineMs: z.number().int().positive(),
});
export type AcquireInput = z.infer<typeof acquireInput>;

export const acquireOutput = z.discriminatedUnion('status', [
  z.object({ status: z.literal('granted'), leaseId, workerId }),
  z.object({ status: z.literal('queued'), position: z.number().int().positive() }),
]);
export type AcquireOutput = z.infer<typeof acquireOutput>;

/** A batch of requests of one caller. */
export const acquireManyInput = z.object({ requests: z.array(acquireInput).min(1).max(256) });

/** The results in the order of the requests; a rejection has the code and details of an error. */
export const acquireManyOutput = z.object({
  results: z.array(
    z.union([
      acquireOutput,
      z.object({
        status: z.literal('rejected'),
        error: z.object({
          code: z.string().max(128),
          message: z.string(),
          details: z.record(z.string(), z.unknown()),
          retryAfterSeconds: z.number().optional(),
        }),
      }),
    ]),
  ),
});

export const model = z.object({
  id: modelId,
  /** The `model` of requests and responses. */
  name: z.string().min(1).max(256),
  ownedBy: z.string().min(1).max(256),
  /** Absent if unknown. */
  contextTokens: z.number().int().positive().optional(),
  /** Unix seconds. */
  createdAt: z.number().int(),
});
export type Model = z.infer<typeof model>;

/** Where a model that a project may use comes from. */
export const modelSource = z.enum(['platform', 'project', 'shared']);
export type ModelSource = z.infer<typeof modelSource>;

/** A model that a project may use. */
export const catalogueModel = model.extend({
  /** Absent for a model of the platform. */
  upload: uploadedModel.optional(),
});
export type CatalogueModel = z.infer<typeof catalogueModel>;

export const routerContract = service('router', {
  acquire: request({
    subject: 'router.v1.acquire',
    // Longer than the maximum of `waitMs` (5 s), for which the call may be held open.
    timeoutMs: 6_000,
    input: acquireInput,
    output: acquireOutput,
    errors: ['router.no_worker', 'router.queue_full', 'router.queue_timeout', 'inference.engine_unavailable'],
  }),
  /**
   * Acquires slots for many requests in one message, without waiting: each is granted, queued or rejected. For a queued
   * request, the caller continues with `acquire` and the same ticket.
   */
  acquireMany: request({
    subject: 'router.v2.acquire-many',
    timeoutMs: 2_000,
    input: acquireManyInput,
    output: acquireManyOutput,
    errors: [],
  }),
  getModels: request({
    subject: 'router.v1.models.get',
    timeoutMs: 2_000,
    input: z.object({ ids: z.array(modelId).max(1_000) }),
    output: z.object({ models: z.array(model) }),
    errors: ['db.unavailable'],
  }),
  /** The models that a project may use, ordered by id: those of the platform, its own, and those that are shared. */
  listModels: request({
    subject: 'router.v1.models.list',
    timeoutMs: 2_000,
    input: z.object({
      /** Absent: only the models of the platform. */
      projectId: projectId.optional(),
      /** Only those of the platform, the uploaded ones of the project, or the shared ones of others. */
      source: modelSource.optional(),
      /** Only the models with this name or id. */
      named: z.string().min(1).max(256).optional(),
      /** The last id of the previous page. */
      after: modelId.optional(),
      limit: z.number().int().min(1).max(100),
      order: z.enum(['asc', 'desc']),
    }),
    output: z.object({ data: z.array(catalogueModel), hasMore: z.boolean() }),
    errors: ['db.unavailable'],
  }),
});
