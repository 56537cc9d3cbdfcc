import { z } from 'zod';
import { event } from '../define.ts';
import { auditHeadRecord } from './audit.contract.ts';

/**
 * A head of an audit log, kept outside of the database: a database that was restored together with its heads does not match it.
 * The last one of each log counts.
 */
export const auditAnchored = event({
  subject: 'audit.v1.anchors.{log}',
  stream: 'AUDIT_ANCHORS',
  /** Anchors are useful for as long as the log exists. */
  streamAgeMaxDays: 0,
  streamBytesMax: 64 * 1024 * 1024,
  data: auditHeadRecord.omit({ publicKey: true }).extend({
    /** Unix milliseconds. */
    anchoredAt: z.number().int().nonnegative(),
  }),
});
export type AuditAnchor = z.output<typeof auditAnchored.data>;
