import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { AdministeredProject } from '@xerotier/contracts/auth';
import { withEveryTenant } from '@xerotier/db';
import { ensure } from '@xerotier/errors';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Project } from '../projects/project.entity.ts';
import { ProjectsRepository } from '../projects/projects.repository.ts';
import type { AdministrationInput, AdministrationOutput } from './accounts-administration.service.ts';
import { AdministrationRepository } from './administration.repository.ts';

/** Projects from outside, for operators of the platform. */
@Injectable()
export class ProjectsAdministrationService {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  /** @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  list(page: AdministrationInput<'listAllProjects'>): Promise<AdministrationOutput<'listAllProjects'>> {
    return withEveryTenant(this.database, async (manager) => {
      const { rows, hasMore } = await new AdministrationRepository(manager).listProjects(page);
      return { data: await recordsOf(manager, rows), hasMore };
    });
  }

  /** @throws {AppError} `project.not_found`, `db.unavailable`. */
  get({ projectId }: AdministrationInput<'getAnyProject'>): Promise<AdministeredProject> {
    return withEveryTenant(this.database, async (manager) => {
      const project = ensure(await new ProjectsRepository(manager).findById(projectId), 'project.not_found', {
        project: projectId,
      });
      const [record] = await recordsOf(manager, [project]);
      return record as AdministeredProject;
    });
  }
}

async function recordsOf(manager: EntityManager, projects: readonly Project[]): Promise<AdministeredProject[]> {
  const overviews = await new AdministrationRepository(manager).overviewsOf(projects.map(({ id }) => id));
  return projects.flatMap(({ id, slug, name, createdAt, archivedAt }) => {
    const overview = overviews.get(id);
    if (overview === undefined) return [];
    return { ...overview, slug, name, createdAt: createdAt.getTime(), archivedAt: archivedAt?.getTime() ?? null };
  });
}
