/** What the router answers: which worker takes a generation, and which models there are. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { leaseId, modelId, workerId } from '../ids.ts';
import { placementContext } from '../inference/request-context.ts';

/** Workers that one request may exclude, and so how many it can try. */
export const EXCLUDED_WORKERS_MAX = 16;

export const acquireInput = placementContext.extend({
  /** Asking again with the same id keeps the place in the queue, and finds the same lease once it is granted. */
  ticketId: z.string().regex(/^[A-Za-z0-9_-]{1,80}$/),
  /** Size of the prompt; never the prompt. An estimate until a tokenizer has seen it. */
  promptTokensEstimate: z.number().int().nonnegative(),
  /** Workers that failed this request already; {@link EXCLUDED_WORKERS_MAX} at most. */
  excludedWorkers: z.array(workerId).max(EXCLUDED_WORKERS_MAX),
  /** How long this call may be held open. The caller asks again when it ends with `queued`. */
  waitMs: z.number().int().nonnegative().max(5_000),
  /** What is left of the caller's patience: work that cannot start by then is refused instead of queued. */
  deadlineMs: z.number().int().positive(),
});
export type AcquireInput = z.infer<typeof acquireInput>;

export const acquireOutput = z.discriminatedUnion('status', [
  z.object({ status: z.literal('granted'), leaseId, workerId }),
  z.object({ status: z.literal('queued'), position: z.number().int().positive() }),
]);
export type AcquireOutput = z.infer<typeof acquireOutput>;

/** Questions that one caller had at the same moment. */
export const acquireManyInput = z.object({ requests: z.array(acquireInput).min(1).max(256) });

/** The answers in the order of the questions; a refusal has the code and details of an error. */
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
  /** What clients read in `model`, and may ask for by name. */
  name: z.string().min(1).max(256),
  ownedBy: z.string().min(1).max(256),
  /** Absent when nobody has said. */
  contextTokens: z.number().int().positive().optional(),
  /** Unix seconds. */
  createdAt: z.number().int(),
});
export type Model = z.infer<typeof model>;

export const routerContract = service('router', {
  acquire: request({
    subject: 'router.v1.acquire',
    // Held open for up to `waitMs` (5 s at most), so a caller gives up only well after that.
    timeoutMs: 6_000,
    input: acquireInput,
    output: acquireOutput,
    errors: ['router.no_worker', 'router.queue_full', 'router.queue_timeout', 'inference.engine_unavailable'],
  }),
  /**
   * What can be answered at once, for many requests in one message: granted, queued, or refused. A caller whose request is
   * queued goes on with `acquire` and the same ticket.
   */
  acquireMany: request({
    subject: 'router.v1.acquire-many',
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
});
