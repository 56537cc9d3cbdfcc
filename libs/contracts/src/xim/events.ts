/** Events of a worker: its state, published once a second and on changes. */
import { z } from 'zod';
import { event } from '../define.ts';
import { leaseId, modelId, workerId } from '../ids.ts';

/** What the server behind a worker reports about itself. It may serve others, too. */
export const engineLoad = z.object({
  running: z.number().nonnegative(),
  /** Requests in its own queue. */
  waiting: z.number().nonnegative(),
  /** Share of its KV cache that is in use; absent if it does not report that. */
  kvCacheUsage: z.number().min(0).max(1).optional(),
});
export type EngineLoad = z.infer<typeof engineLoad>;

export const workerState = z.object({
  workerId,
  modelId,
  engine: z.string().max(32),
  /** Maximum number of concurrent generations. */
  slots: z.number().int().positive().max(4_096),
  /** Running leases; the other slots are free. Work without a lease is listed by its request and choice. */
  active: z.array(leaseId).max(4_096),
  /** Absent if unknown to the operator and the engine. */
  contextTokens: z.number().int().positive().optional(),
  /** A draining worker finishes its running generations and accepts no new ones. */
  draining: z.boolean(),
  startedAt: z.number().int(),
  /** Whether the engine accepts work: false while it starts, and while its health probes fail. Default true. */
  available: z.boolean().optional(),
  /** Why `available` is false, for operators. */
  unavailableReason: z.string().max(512).optional(),
  /** Share of the latest generations that failed because of the engine. Default 0. */
  failureRate: z.number().min(0).max(1).optional(),
  /** Absent if unknown. */
  engineLoad: engineLoad.optional(),
});
export type WorkerState = z.infer<typeof workerState>;

export const heartbeat = event({ subject: 'fleet.v1.heartbeat.{worker}', data: workerState });

/** Published by a worker that shuts down cleanly, so that routers do not wait for its heartbeat to time out. */
export const workerLeft = event({ subject: 'fleet.v1.left.{worker}', data: z.object({ workerId }) });
