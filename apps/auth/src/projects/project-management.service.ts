import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type {
  ProjectDetails,
  projectsContract,
  ProjectSettings,
  ProjectSettingsChange,
} from '@xerotier/contracts/auth';
import { withEveryTenant, withTenant } from '@xerotier/db';
import { ensure } from '@xerotier/errors';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import type { Change } from '../changes/changes.service.ts';
import { ChangesService } from '../changes/changes.service.ts';
import type { Project } from './project.entity.ts';
import { ProjectsRepository } from './projects.repository.ts';
import type { ProjectLimit } from './projects.repository.ts';

type Operations = typeof projectsContract.operations;
export type ProjectManagementInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type ProjectManagementOutput<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

/** A project itself, for who manages it. */
@Injectable()
export class ProjectManagementService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly changes: ChangesService,
  ) {}

  /** @throws {AppError} `project.not_found`, `db.unavailable`. */
  get({ projectId }: ProjectManagementInput<'getProject'>): Promise<ProjectDetails> {
    return withTenant(this.database, projectId, async (manager) => {
      const project = await new ProjectsRepository(manager).findById(projectId);
      return detailsOf(ensure(project, 'project.not_found', { project: projectId }));
    });
  }

  /** @throws {AppError} `db.unavailable`. */
  listRetentions({
    after,
    limit,
  }: ProjectManagementInput<'listRetentions'>): Promise<ProjectManagementOutput<'listRetentions'>> {
    return withEveryTenant(this.database, async (manager) => {
      const found = await new ProjectsRepository(manager).listRetentions(after, limit + 1);
      return { data: found.slice(0, limit), hasMore: found.length > limit };
    });
  }

  /** @throws {AppError} `project.not_found`, `db.unavailable`. */
  async getStorageQuota({
    projectId,
  }: ProjectManagementInput<'getStorageQuota'>): Promise<ProjectManagementOutput<'getStorageQuota'>> {
    return { bytesMax: await this.#quota(projectId, 'storage_bytes_max') };
  }

  /** @throws {AppError} `project.not_found`, `db.unavailable`. */
  async getBatchQuota({
    projectId,
  }: ProjectManagementInput<'getBatchQuota'>): Promise<ProjectManagementOutput<'getBatchQuota'>> {
    return { tokensMax: await this.#quota(projectId, 'batch_tokens_max') };
  }

  /** Changes what is present. @throws {AppError} `project.not_found`; as `ChangesService.run`. */
  update({ context, ...input }: ProjectManagementInput<'updateProject'>): Promise<ProjectDetails> {
    const { name, settings } = input;
    return this.changes.run(context, 'updateProject', input, async (manager) => {
      const projects = new ProjectsRepository(manager);
      const before = await projects.lock(context.projectId);
      const after = await projects.update(before, {
        name: name ?? before.name,
        settings: changedSettings(before.settings, settings),
      });
      return changeOf('project.updated', before, after);
    });
  }

  /**
   * Archives or restores a project. Archiving an archived one changes nothing.
   * @throws {AppError} `project.not_found`; as `ChangesService.run`.
   */
  setArchived({ context, ...input }: ProjectManagementInput<'setProjectArchived'>): Promise<ProjectDetails> {
    const { isArchived } = input;
    return this.changes.run(context, 'setProjectArchived', input, async (manager) => {
      const projects = new ProjectsRepository(manager);
      const before = await projects.lock(context.projectId);
      if ((before.archivedAt !== null) === isArchived) return { result: detailsOf(before) };
      const after = await projects.update(before, { archivedAt: isArchived ? new Date() : null });
      const change = changeOf(isArchived ? 'project.archived' : 'project.restored', before, after);
      return { ...change, isAllowedInArchive: true };
    });
  }

  async #quota(projectId: string, limit: ProjectLimit): Promise<number | null> {
    const quota = await withTenant(this.database, projectId, (manager) =>
      new ProjectsRepository(manager).quota(projectId, limit),
    );
    return ensure(quota, 'project.not_found', { project: projectId }).max;
  }
}

function changedSettings(before: ProjectSettings, change: ProjectSettingsChange = {}): ProjectSettings {
  const { retentionDays, ...settings } = { ...before, ...change };
  return { ...settings, ...(retentionDays != null && { retentionDays }) };
}

type ProjectEventType = 'project.updated' | 'project.archived' | 'project.restored';

function changeOf(type: ProjectEventType, before: Project, after: Project): Change<ProjectDetails> {
  const result = detailsOf(after);
  const { id, slug, name } = result;
  return {
    result,
    audited: { action: type, target: { type: 'project', id }, before: detailsOf(before), after: result },
    events: [{ type, data: { id, slug, name } }],
    // Gateways cache the settings, and that the keys may be used, with every key of the project.
    access: {},
  };
}

function detailsOf({ id, slug, name, settings, archivedAt, createdAt }: Project): ProjectDetails {
  return {
    ...{ id, slug, name, settings },
    ...{ archivedAt: archivedAt?.getTime() ?? null, createdAt: createdAt.getTime() },
  };
}
