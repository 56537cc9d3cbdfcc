import type { AuditEventRecord } from '@xerotier/contracts/auth';
import type { AuditEvent } from './audit-event.entity.ts';
import type { AuditRecord } from './audit-record.ts';

export function auditEventRecordOf(event: AuditEvent): AuditEventRecord {
  const { id, projectId, sequence, createdAt, action, clientAddress, requestId, before, after } = event;
  return {
    ...{ id, projectId, sequence, createdAt: createdAt.getTime(), action },
    actor: { kind: event.actorKind, id: event.actorId },
    ...{ clientAddress, requestId },
    target: { type: event.targetType, id: event.targetId },
    before: before as AuditEventRecord['before'],
    after: after as AuditEventRecord['after'],
    previousHash: event.previousHash.toString('hex'),
    hash: event.hash.toString('hex'),
  };
}

/** What the hash of the event covers, besides the hash of the one before it. */
export function auditRecordOf(event: AuditEventRecord): AuditRecord {
  const { id, projectId, sequence, createdAt, action, actor, clientAddress, requestId, target, before, after } = event;
  return {
    ...{ id, projectId, sequence, createdAt: new Date(createdAt), action, actor, clientAddress, requestId, target },
    before: before,
    after: after,
  };
}
