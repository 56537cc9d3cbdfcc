import { MEMBERS_PER_PROJECT_MAX } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import type { EntityManager } from 'typeorm';
import type { Account } from '../accounts/account.entity.ts';
import type { AuditedChange } from '../audit/audit-trail.ts';
import type { ProjectEvent } from '../changes/project-events.ts';
import { MembersRepository } from '../members/members.repository.ts';
import type { Invitation } from './invitation.entity.ts';

export interface AddedMember {
  readonly audited: AuditedChange;
  readonly events: readonly ProjectEvent[];
}

/**
 * Makes an account a member, as its invitation says. The project must be locked, and the account must have proven that the
 * address of the invitation is its own.
 * @throws {AppError} `member.too_many`.
 */
export async function addMember(
  manager: EntityManager,
  { id, projectId, role }: Invitation,
  { id: accountId, email }: Account,
): Promise<AddedMember> {
  const members = new MembersRepository(manager);
  if ((await members.count(projectId)) >= MEMBERS_PER_PROJECT_MAX)
    throw new AppError('member.too_many', { max: MEMBERS_PER_PROJECT_MAX });
  await members.insert({ projectId, accountId, role });
  return {
    audited: {
      action: 'member.added',
      target: { type: 'member', id: accountId },
      before: null,
      after: { accountId, email, role, invitation: id },
    },
    events: [{ type: 'member.added', data: { id: accountId, role } }],
  };
}
