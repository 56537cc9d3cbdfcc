import type { AuditEventRecord } from '@xerotier/contracts/auth';
import type { listAuditEvents } from '@xerotier/public-api/audit-log';
import type { ResponseOf } from '@xerotier/public-api/operation';

export function publicAuditEventOf(event: AuditEventRecord): ResponseOf<typeof listAuditEvents>['data'][number] {
  const { id, sequence, action, actor, clientAddress, requestId, target, before, after, hash, previousHash } = event;
  return {
    ...{ id, object: 'audit_event', sequence, action },
    actor: { type: actor.kind, id: actor.id },
    ...{ client_address: clientAddress, request_id: requestId, target, before, after },
    ...{ hash, previous_hash: previousHash },
    created_at: Math.floor(event.createdAt / 1_000),
  };
}
