import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { PENDING_INVITATIONS_MAX } from '@xerotier/contracts/auth';
import type { ChangeContext, ProjectRecord } from '@xerotier/contracts/auth';
import { withEveryTenant } from '@xerotier/db';
import { AppError, ensure } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Account } from '../accounts/account.entity.ts';
import { AccountsRepository } from '../accounts/accounts.repository.ts';
import { ChangesService } from '../changes/changes.service.ts';
import type { Change } from '../changes/changes.service.ts';
import { MembersRepository } from '../members/members.repository.ts';
import { OneTimeTokensRepository } from '../one-time-tokens/one-time-tokens.repository.ts';
import { ProjectsRepository } from '../projects/projects.repository.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { addMember } from './add-member.ts';
import { auditedInvitation } from './audited-invitation.ts';
import { statusOf } from './invitation-record.ts';
import type { Invitation } from './invitation.entity.ts';
import type { InvitationsInput } from './invitations.service.ts';
import { InvitationsRepository } from './invitations.repository.ts';

/** Whose request it is that accepts. */
type Client = Pick<ChangeContext, 'clientAddress' | 'requestId'>;

/** Turns pending invitations into memberships, of accounts that have proven that the address is their own. */
@Injectable()
export class InvitationAcceptance {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly changes: ChangesService,
    private readonly sessions: SessionsService,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * Accepts the invitation of a token, which also verifies the address of the account.
   * @throws {AppError} `account.invalid_token`, `invitation.other_account`, `member.too_many`; as `ChangesService.run`.
   */
  async accept({ accountId, tokenHash, ...client }: InvitationsInput<'acceptInvitation'>): Promise<ProjectRecord> {
    const { invitation, account } = await withEveryTenant(this.database, async (manager) => {
      const id = ensure(
        await new OneTimeTokensRepository(manager).find('invitation', tokenHash),
        'account.invalid_token',
      );
      return {
        invitation: ensure(await new InvitationsRepository(manager).findById(id), 'account.invalid_token'),
        account: ensure(await new AccountsRepository(manager).findById(accountId), 'account.invalid_token'),
      };
    });
    if (account.email !== invitation.email) throw new AppError('invitation.other_account');
    let isNewlyVerified = false;
    const project = await this.changes.run(
      contextOf(invitation, account, client),
      'acceptInvitation',
      {},
      async (manager) => {
        await new ProjectsRepository(manager).lockedSlugOf(invitation.projectId);
        ensure(await new OneTimeTokensRepository(manager).use('invitation', tokenHash), 'account.invalid_token');
        isNewlyVerified = await new AccountsRepository(manager).markVerified(accountId);
        return join(manager, invitation, account);
      },
    );
    if (isNewlyVerified) await this.acceptAllOf(account, client);
    this.sessions.announce({ accountId });
    return project;
  }

  /**
   * Accepts all pending invitations of an account that has verified its address, except to become an owner, for which it has to use
   * the link. One that fails stays pending: its link works, and so does another invitation.
   */
  async acceptAllOf(account: Account, client: Client): Promise<void> {
    const invitations = await withEveryTenant(this.database, (manager) =>
      new InvitationsRepository(manager).listPendingOf(account.email, PENDING_INVITATIONS_MAX),
    );
    const asMember = invitations.filter(({ role }) => role === 'member');
    for (const invitation of asMember) {
      const { projectId } = invitation;
      try {
        await this.changes.run(contextOf(invitation, account, client), 'acceptInvitation', {}, async (manager) => {
          await new ProjectsRepository(manager).lockedSlugOf(projectId);
          return join(manager, invitation, account);
        });
      } catch (error) {
        this.log.warn('invitation not accepted', { invitation: invitation.id, projectId, error });
      }
    }
    if (asMember.length > 0) this.sessions.announce({ accountId: account.id });
  }
}

function contextOf({ projectId }: Invitation, account: Account, client: Client): ChangeContext {
  const { clientAddress, requestId } = client;
  return { projectId, actor: { kind: 'user', id: account.id }, clientAddress, requestId };
}

/** The project must be locked. @throws {AppError} `account.invalid_token` if the invitation is no longer pending. */
async function join(
  manager: EntityManager,
  { projectId, id }: Invitation,
  account: Account,
): Promise<Change<ProjectRecord>> {
  const invitations = new InvitationsRepository(manager);
  const invitation = ensure(await invitations.lock(projectId, id), 'account.invalid_token');
  if (statusOf(invitation) !== 'pending') throw new AppError('account.invalid_token');
  const accepted = await invitations.update(invitation, { accountId: account.id, acceptedAt: new Date() });
  const audited = auditedInvitation('invitation.accepted', invitation, accepted);
  const found = await new ProjectsRepository(manager).findById(projectId);
  const { slug, name, createdAt } = ensure(found, 'account.invalid_token');
  const existing = await new MembersRepository(manager).find(projectId, account.id);
  const { role } = existing ?? invitation;
  const result = { id: projectId, slug, name, role, createdAt: createdAt.getTime() };
  if (existing !== null) return { result, audited };
  const added = await addMember(manager, invitation, account);
  return { ...added, result, audited: [audited, added.audited] };
}
