import { z } from 'zod';
import { event } from '../define.ts';
import { projectId } from '../ids.ts';
import { accountId, sessionId } from './accounts.contract.ts';
import { auditEventRecord } from './audit.contract.ts';

export const projectEventType = z.enum([
  'project.created',
  'project.updated',
  'project.archived',
  'project.restored',
  'endpoint.created',
  'endpoint.updated',
  'endpoint.paused',
  'endpoint.resumed',
  'endpoint.deleted',
  'key.created',
  'key.updated',
  'key.rotated',
  'key.revoked',
  'member.added',
  'member.updated',
  'member.removed',
  'budget.threshold_reached',
  'file.created',
  'file.deleted',
  'conversation.created',
  'conversation.deleted',
  'response.completed',
  'response.incomplete',
  'response.failed',
  'response.cancelled',
  'batch.created',
  'batch.completed',
  'batch.failed',
  'batch.expired',
  'batch.cancelled',
]);
export type ProjectEventType = z.infer<typeof projectEventType>;

/** A key, endpoint or project changed: caches of `authorize` responses must drop the matching entries immediately. */
export const accessChanged = event({
  subject: 'auth.v1.changed',
  data: z.object({ projectId, keyId: z.string().optional() }),
});

/**
 * Sessions ended, or what their account may do has changed: caches of `getSession` responses must drop the matching entries
 * immediately.
 */
export const sessionsChanged = event({
  subject: 'auth.v1.sessions-changed',
  /** Without a session: all of the account. */
  data: z.object({ accountId, sessionId: sessionId.optional() }),
});

/**
 * What happens in a project, for webhooks and other services: `type` is public, such as `key.revoked`, and so is `data`.
 */
export const projectEvent = event({
  subject: 'events.v1.{project}',
  stream: 'PROJECT_EVENTS',
  data: z.object({
    id: z.string().regex(/^evt_[0-9a-f]{24}$/),
    type: projectEventType,
    projectId,
    /** Unix milliseconds. */
    createdAt: z.number().int().nonnegative(),
    data: z.record(z.string(), z.json()),
  }),
});

/**
 * A change of a project that another service has made: auth adds it to the audit log of the project, once per id. The service writes it
 * to its outbox, in the transaction of the change.
 */
export const changeMade = event({
  subject: 'auth.v1.change-made',
  stream: 'CHANGES_MADE',
  streamBytesMax: 64 * 1024 * 1024,
  // None may be missing in the audit log, however long auth is away.
  streamAgeMaxDays: 0,
  data: auditEventRecord.omit({ sequence: true, previousHash: true, hash: true }),
});
export type ChangeMade = z.infer<typeof changeMade.data>;
