/** The audit log of a project: what was changed, by whom, from where. Records are only added, each with a hash over the one before. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { projectId, requestId } from '../ids.ts';
import { actor } from './change.ts';

export const auditEventId = z.string().regex(/^audit_[0-9a-f]{24}$/);

/** SHA-256 in hexadecimal. */
const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** Secrets are never part of it. */
const change = z.record(z.string(), z.json()).nullable();

export const auditEventRecord = z.object({
  id: auditEventId,
  projectId,
  /** 1 for the first one of a project, without gaps. */
  sequence: z.number().int().min(1),
  /** Unix milliseconds. */
  createdAt: z.number().int().nonnegative(),
  /** Such as `api_key.created`. */
  action: z.string().min(1).max(64),
  actor,
  clientAddress: z.string().max(64),
  requestId,
  target: z.object({ type: z.string(), id: z.string() }),
  /** Null for what was created. */
  before: change,
  /** Null for what was deleted. */
  after: change,
  previousHash: hash,
  hash,
});
export type AuditEventRecord = z.infer<typeof auditEventRecord>;

/** The newest event of a log, signed, so that events at the end cannot be cut off unnoticed. */
export const auditHeadRecord = z.object({
  projectId,
  sequence: z.number().int().min(1),
  hash,
  /** Ed25519, in base64. */
  signature: z.string(),
  /** PEM. To be compared with a copy from a trusted source before the signature is believed. */
  publicKey: z.string(),
});
export type AuditHeadRecord = z.infer<typeof auditHeadRecord>;

const TIMEOUT_MS = 5_000;

export const auditContract = service('auth', {
  listAuditEvents: request({
    subject: 'auth.v1.audit-events.list',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      projectId,
      /** The last id of the previous page. */
      after: auditEventId.optional(),
      limit: z.number().int().min(1).max(100),
      order: z.enum(['asc', 'desc']),
      action: z.string().max(64).optional(),
      actorId: z.string().max(128).optional(),
      targetId: z.string().max(128).optional(),
    }),
    output: z.object({ data: z.array(auditEventRecord), hasMore: z.boolean() }),
    errors: ['list.unknown_cursor', 'db.unavailable'],
  }),
  getAuditHead: request({
    subject: 'auth.v1.audit-head.get',
    timeoutMs: TIMEOUT_MS,
    input: z.object({ projectId }),
    /** Null for a project without events. */
    output: z.object({ head: auditHeadRecord.nullable() }),
    errors: ['db.unavailable'],
  }),
});
