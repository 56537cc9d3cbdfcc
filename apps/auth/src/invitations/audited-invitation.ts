import type { AuditedChange } from '../audit/audit-trail.ts';
import { invitationRecordOf } from './invitation-record.ts';
import type { Invitation } from './invitation.entity.ts';

/** @param before null for a new invitation. */
export function auditedInvitation(
  action: 'invitation.created' | 'invitation.accepted' | 'invitation.revoked',
  before: Invitation | null,
  after: Invitation,
): AuditedChange {
  return {
    action,
    target: { type: 'invitation', id: after.id },
    before: before === null ? null : invitationRecordOf(before),
    after: invitationRecordOf(after),
  };
}
