import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { PROJECTS_PER_ACCOUNT_MAX } from '@xerotier/contracts/auth';
import type { accountsContract, MemberAccess, ProjectRecord } from '@xerotier/contracts/auth';
import { seeingEveryTenant, withEveryTenant, withTenant } from '@xerotier/db';
import { AppError, ensure } from '@xerotier/errors';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { AccountsRepository } from '../accounts/accounts.repository.ts';
import { ChangesService } from '../changes/changes.service.ts';
import { MembersRepository } from '../members/members.repository.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { generateProjectId, projectIdFor } from './project-id.ts';
import { ProjectsRepository } from './projects.repository.ts';

type Operations = typeof accountsContract.operations;
export type ProjectsInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;

/** The projects of accounts. */
@Injectable()
export class ProjectsService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly changes: ChangesService,
    private readonly sessions: SessionsService,
  ) {}

  /**
   * Creates a project with a team of its own, and makes the account its owner.
   * @throws {AppError} `project.too_many`; as `ChangesService.run`.
   */
  async create(input: ProjectsInput<'createProject'>): Promise<ProjectRecord> {
    const { accountId, clientAddress, requestId, name, slug, idempotencyKey } = input;
    const projectId = idempotencyKey === undefined ? generateProjectId() : projectIdFor(accountId, idempotencyKey);
    const actor = { kind: 'user', id: accountId } as const;
    const context = {
      ...{ projectId, actor, clientAddress, requestId },
      ...(idempotencyKey !== undefined && { idempotencyKey }),
    };
    const created = await this.changes.run(context, 'createProject', { name, slug }, async (manager) => {
      await assertRoomForProject(manager, accountId);
      const projects = new ProjectsRepository(manager);
      // Longer ago than idempotency keys are kept.
      if ((await projects.findById(projectId)) !== null)
        throw new AppError('idempotency.key_reused', { key: idempotencyKey ?? '' });
      const team = await projects.insertTeam(name);
      await projects.insert({ id: projectId, teamId: team.id, name, slug });
      await new MembersRepository(manager).insert({ projectId, accountId, role: 'owner' });
      const project = ensure(await projects.findById(projectId), 'project.not_found', { project: projectId });
      const result = { id: projectId, slug, name, role: 'owner', createdAt: project.createdAt.getTime() } as const;
      return {
        result,
        audited: {
          action: 'project.created',
          target: { type: 'project', id: projectId },
          before: null,
          after: { name, slug, owner: accountId },
        },
        events: [{ type: 'project.created', data: { id: projectId, slug, name } }],
      };
    });
    this.sessions.announce({ accountId });
    return created;
  }

  /** @throws {AppError} `project.not_found`, also without a membership; `db.unavailable`. */
  memberAccess({ accountId, projectId }: ProjectsInput<'getMemberAccess'>): Promise<MemberAccess> {
    return withTenant(this.database, projectId, async (manager) =>
      ensure(await new MembersRepository(manager).findAccess(projectId, accountId), 'project.not_found', {
        project: projectId,
      }),
    );
  }

  /** Newest first. @throws {AppError} `db.unavailable`. */
  async list({ accountId }: ProjectsInput<'listProjects'>): Promise<{ data: ProjectRecord[] }> {
    const projects = await withEveryTenant(this.database, (manager) =>
      new MembersRepository(manager).listProjectsOf(accountId),
    );
    return {
      data: projects.map(({ createdAt, archivedAt, ...project }) => ({
        ...{ ...project, createdAt: createdAt.getTime() },
        ...(archivedAt !== null && { archivedAt: archivedAt.getTime() }),
      })),
    };
  }
}

/** Concurrent requests of the account wait here for each other's commit. @throws {AppError} `project.too_many`. */
async function assertRoomForProject(manager: EntityManager, accountId: string): Promise<void> {
  await new AccountsRepository(manager).lock(accountId);
  const owned = await seeingEveryTenant(manager, () => new MembersRepository(manager).countOwnedBy(accountId));
  if (owned >= PROJECTS_PER_ACCOUNT_MAX) throw new AppError('project.too_many', { max: PROJECTS_PER_ACCOUNT_MAX });
}
