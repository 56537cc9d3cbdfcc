/** What a worker says about itself, once a second and whenever it matters. */
import { z } from 'zod';
import { event } from '../define.ts';
import { leaseId, modelId, workerId } from '../ids.ts';

export const workerState = z.object({
  workerId,
  modelId,
  engine: z.string().max(32),
  /** Generations that may run at once. */
  slots: z.number().int().positive().max(4_096),
  /** The leases that run now; `slots` minus these is what is free. Work without a lease is listed by its request and choice. */
  active: z.array(leaseId).max(4_096),
  /** Absent when neither the operator nor the engine can say. */
  contextTokens: z.number().int().positive().optional(),
  /** A draining worker finishes what it has and takes nothing new. */
  draining: z.boolean(),
  startedAt: z.number().int(),
  /** Whether the engine can take work: false while it starts, and while its health probes fail. Absent: it can. */
  available: z.boolean().optional(),
  /** Why `available` is false, for operators. */
  unavailableReason: z.string().max(512).optional(),
  /** Share of the latest generations that failed because of the engine. Absent: none did. */
  failureRate: z.number().min(0).max(1).optional(),
});
export type WorkerState = z.infer<typeof workerState>;

export const heartbeat = event({ subject: 'fleet.v1.heartbeat.{worker}', data: workerState });

/** The last word of a worker that ends in an orderly way: nobody needs to wait for its heartbeat to go stale. */
export const workerLeft = event({ subject: 'fleet.v1.left.{worker}', data: z.object({ workerId }) });
