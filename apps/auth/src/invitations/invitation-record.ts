import type { InvitationRecord } from '@xerotier/contracts/auth';
import type { Invitation } from './invitation.entity.ts';

export function invitationRecordOf(invitation: Invitation): InvitationRecord {
  const { id, email, role, accountId, createdAt, expiresAt } = invitation;
  return {
    ...{ id, email, role, status: statusOf(invitation), accountId },
    ...{ createdAt: createdAt.getTime(), expiresAt: expiresAt.getTime() },
  };
}

export function statusOf({ acceptedAt, revokedAt, expiresAt }: Invitation): InvitationRecord['status'] {
  if (acceptedAt !== null) return 'accepted';
  if (revokedAt !== null) return 'revoked';
  return expiresAt.getTime() <= Date.now() ? 'expired' : 'pending';
}
