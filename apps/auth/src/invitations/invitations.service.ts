import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { INVITATION_DAYS, PENDING_INVITATIONS_MAX } from '@xerotier/contracts/auth';
import type { InvitationRecord, invitationsContract } from '@xerotier/contracts/auth';
import { withTenant } from '@xerotier/db';
import { AppError, ensure } from '@xerotier/errors';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { AccountsRepository } from '../accounts/accounts.repository.ts';
import { Attempts } from '../attempts/attempts.ts';
import { ChangesService } from '../changes/changes.service.ts';
import type { Change } from '../changes/changes.service.ts';
import { MembersRepository } from '../members/members.repository.ts';
import { ProjectsRepository } from '../projects/projects.repository.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { addMember } from './add-member.ts';
import { auditedInvitation } from './audited-invitation.ts';
import { InvitationMails } from './invitation-mails.ts';
import { invitationRecordOf } from './invitation-record.ts';
import { InvitationsRepository } from './invitations.repository.ts';

type Operations = typeof invitationsContract.operations;
export type InvitationsInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type InvitationsOutput<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

const INVITATION_MS = INVITATION_DAYS * 24 * 3_600 * 1_000;

/** The invitations of projects. */
@Injectable()
export class InvitationsService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly changes: ChangesService,
    private readonly attempts: Attempts,
    private readonly mails: InvitationMails,
    private readonly sessions: SessionsService,
  ) {}

  /** @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  list({ projectId, ...page }: InvitationsInput<'listInvitations'>): Promise<InvitationsOutput<'listInvitations'>> {
    return withTenant(this.database, projectId, async (manager) => {
      const { rows, hasMore } = await new InvitationsRepository(manager).list(projectId, page);
      return { data: rows.map(invitationRecordOf), hasMore };
    });
  }

  /**
   * Invites an address. An account whose address is verified becomes a member at once; to become an owner, it has to accept. An
   * account whose address is not verified may be somebody else's, and gets a link like an address without an account.
   * @throws {AppError} `project.not_found`, `member.exists`, `member.too_many`, `invitation.too_many`,
   * `account.too_many_attempts`; as `ChangesService.run`.
   */
  async create({ context, ...input }: InvitationsInput<'createInvitation'>): Promise<InvitationRecord> {
    const email = input.email.toLowerCase();
    const created = await this.changes.run(context, 'createInvitation', input, async (manager) => {
      await this.attempts.mail('invitation', email, context.clientAddress, manager);
      return this.invite(manager, context.projectId, { ...input, email });
    });
    if (created.accountId !== null) this.sessions.announce({ accountId: created.accountId });
    return created;
  }

  /** @throws {AppError} `invitation.not_found`, `invitation.inactive`; as `ChangesService.run`. */
  revoke({ context, ...input }: InvitationsInput<'revokeInvitation'>): Promise<InvitationRecord> {
    const { invitationId } = input;
    return this.changes.run(context, 'revokeInvitation', input, async (manager) => {
      const invitations = new InvitationsRepository(manager);
      const found = await invitations.lock(context.projectId, invitationId);
      const before = ensure(found, 'invitation.not_found', { invitation: invitationId });
      if (before.acceptedAt !== null) throw new AppError('invitation.inactive', { invitation: invitationId });
      if (before.revokedAt !== null) return { result: invitationRecordOf(before) };
      const after = await invitations.update(before, { revokedAt: new Date() });
      return {
        result: invitationRecordOf(after),
        audited: auditedInvitation('invitation.revoked', before, after),
        isAllowedInArchive: true,
      };
    });
  }

  private async invite(
    manager: EntityManager,
    projectId: string,
    { email, role }: Omit<InvitationsInput<'createInvitation'>, 'context'>,
  ): Promise<Change<InvitationRecord>> {
    const { name } = await new ProjectsRepository(manager).lock(projectId);
    const account = await new AccountsRepository(manager).findByEmail(email);
    if (account !== null && (await new MembersRepository(manager).find(projectId, account.id)) !== null)
      throw new AppError('member.exists', {}, { param: 'email' });
    const invitations = new InvitationsRepository(manager);
    const replaced = await invitations.findPending(projectId, email);
    const audited =
      replaced === null
        ? []
        : [
            auditedInvitation(
              'invitation.revoked',
              replaced,
              await invitations.update(replaced, { revokedAt: new Date() }),
            ),
          ];
    const values = { projectId, email, role, expiresAt: new Date(Date.now() + INVITATION_MS) };

    // An owner is responsible for a project, which needs consent.
    if (account?.emailVerifiedAt != null && account.disabledAt === null && role === 'member') {
      const accepted = await invitations.insert({ ...values, accountId: account.id, acceptedAt: new Date() });
      await this.mails.sendAdded(manager, accepted, name);
      const added = await addMember(manager, accepted, account);
      return {
        ...added,
        result: invitationRecordOf(accepted),
        audited: [...audited, auditedInvitation('invitation.created', null, accepted), added.audited],
      };
    }
    if ((await invitations.countPending(projectId)) >= PENDING_INVITATIONS_MAX)
      throw new AppError('invitation.too_many', { max: PENDING_INVITATIONS_MAX });
    const invitation = await invitations.insert(values);
    await this.mails.sendToken(manager, invitation, name);
    return {
      result: invitationRecordOf(invitation),
      audited: [...audited, auditedInvitation('invitation.created', null, invitation)],
    };
  }
}
