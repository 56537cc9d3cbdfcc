import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { approvableRisk } from '@xerotier/contracts/auth';
import type { ChangeContext, MemberRecord, membersContract } from '@xerotier/contracts/auth';
import { withTenant } from '@xerotier/db';
import { AppError, ensure } from '@xerotier/errors';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { ChangesService } from '../changes/changes.service.ts';
import { ProjectsRepository } from '../projects/projects.repository.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { memberRecordOf } from './member-record.ts';
import { MembersRepository } from './members.repository.ts';
import type { MemberRow } from './members.repository.ts';

type Operations = typeof membersContract.operations;
export type MembersInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type MembersOutput<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

/** The members of projects. A project that has an owner keeps at least one. */
@Injectable()
export class MembersService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly changes: ChangesService,
    private readonly sessions: SessionsService,
  ) {}

  /** @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  list({ projectId, ...page }: MembersInput<'listMembers'>): Promise<MembersOutput<'listMembers'>> {
    return withTenant(this.database, projectId, async (manager) => {
      const { rows, hasMore } = await new MembersRepository(manager).list(projectId, page);
      return { data: rows.map(memberRecordOf), hasMore };
    });
  }

  /** @throws {AppError} `member.not_found`, `db.unavailable`. */
  get({ projectId, accountId }: MembersInput<'getMember'>): Promise<MemberRecord> {
    return withTenant(this.database, projectId, async (manager) => {
      const member = await new MembersRepository(manager).find(projectId, accountId);
      return memberRecordOf(ensure(member, 'member.not_found', { member: accountId }));
    });
  }

  /** @throws {AppError} `project.not_found`, `member.not_found`, `member.last_owner`; as `ChangesService.run`. */
  async update({ context, ...input }: MembersInput<'updateMember'>): Promise<MemberRecord> {
    const { projectId } = context;
    const { accountId } = input;
    const updated = await this.changes.run(context, 'updateMember', input, async (manager) => {
      const before = await lockedMember(manager, context, accountId);
      const { role = before.role } = input;
      const approves = input.approves === undefined ? before.approves : ordered(input.approves);
      const hasChanged = role !== before.role || String(approves) !== String(before.approves);
      if (!hasChanged) return { result: memberRecordOf(before) };
      if (role !== 'owner') await assertOtherOwner(manager, projectId, before);
      await new MembersRepository(manager).update(projectId, accountId, { role, approves });
      const after = { ...before, role, approves };
      return {
        result: memberRecordOf(after),
        audited: {
          action: 'member.updated',
          target: { type: 'member', id: accountId },
          before: memberRecordOf(before),
          after: memberRecordOf(after),
        },
        events: [{ type: 'member.updated', data: { id: accountId, role, approves } }],
      };
    });
    this.sessions.announce({ accountId });
    return updated;
  }

  /**
   * Removes a member; anybody may remove itself, which for somebody who is no member is `project.not_found`. The last owner can leave
   * only an archived project.
   * @throws {AppError} `project.not_found`, `member.not_found`, `member.last_owner`; as `ChangesService.run`.
   */
  async remove({ context, ...input }: MembersInput<'removeMember'>): Promise<MemberRecord> {
    const { projectId } = context;
    const { accountId } = input;
    const removed = await this.changes.run(context, 'removeMember', input, async (manager) => {
      const before = await lockedMember(manager, context, accountId);
      if (!(await new ProjectsRepository(manager).isArchived(projectId)))
        await assertOtherOwner(manager, projectId, before);
      await new MembersRepository(manager).delete(projectId, accountId);
      return {
        result: memberRecordOf(before),
        audited: {
          action: 'member.removed',
          target: { type: 'member', id: accountId },
          before: memberRecordOf(before),
          after: null,
        },
        events: [{ type: 'member.removed', data: { id: accountId } }],
        isAllowedInArchive: true,
      };
    });
    this.sessions.announce({ accountId });
    return removed;
  }
}

/** Locks the project first, so that two owners cannot demote each other at the same time. */
async function lockedMember(
  manager: EntityManager,
  { projectId, actor }: ChangeContext,
  accountId: string,
): Promise<MemberRow> {
  await new ProjectsRepository(manager).lockedSlugOf(projectId);
  const member = await new MembersRepository(manager).find(projectId, accountId);
  if (member === null && actor.id === accountId) throw new AppError('project.not_found', { project: projectId });
  return ensure(member, 'member.not_found', { member: accountId });
}

/** The project must be locked. @throws {AppError} `member.last_owner`. */
async function assertOtherOwner(manager: EntityManager, projectId: string, { role }: MemberRow): Promise<void> {
  if (role === 'owner' && (await new MembersRepository(manager).countOwners(projectId)) < 2)
    throw new AppError('member.last_owner');
}

function ordered(approves: MemberRow['approves']): MemberRow['approves'] {
  return approvableRisk.options.filter((level) => approves.includes(level));
}
