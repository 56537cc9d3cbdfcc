/** What every message that changes something of a project carries: who makes the change, and from where. */
import { z } from 'zod';
import { projectId, requestId } from '../ids.ts';

/** Who makes a change. `operator` is a person with access to the command line of a service. */
export const actor = z.object({
  kind: z.enum(['api_key', 'user', 'operator']),
  id: z.string().min(1).max(128),
});
export type Actor = z.infer<typeof actor>;

/** `Idempotency-Key` of the client. A repeated request with the same key returns the result of the first one, for 24 hours. */
export const idempotencyKey = z.string().min(1).max(255);

export const changeContext = z.object({
  projectId,
  actor,
  clientAddress: z.string().max(64),
  requestId,
  idempotencyKey: idempotencyKey.optional(),
});
export type ChangeContext = z.infer<typeof changeContext>;

/** The errors that every change of a project can have, besides those of its work. */
export const CHANGE_ERRORS = ['project.archived', 'idempotency.key_reused', 'outbox.full', 'db.unavailable'] as const;
