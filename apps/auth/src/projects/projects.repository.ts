import { withDbErrors } from '@xerotier/db';
import { ensure } from '@xerotier/errors';
import type { EntityManager } from 'typeorm';
import { Project } from './project.entity.ts';
import { Team } from './team.entity.ts';

/** Created per transaction: see SeedRepository. */
export class ProjectsRepository {
  constructor(private readonly manager: EntityManager) {}

  findById(id: string): Promise<Project | null> {
    return withDbErrors(() => this.manager.findOneBy(Project, { id }));
  }

  /**
   * Locks the project until the transaction ends, so that limits on what it contains hold for concurrent requests. Rows that refer
   * to the project do not wait for this: with a stronger lock, two changes that have both added such a row would deadlock.
   * @returns its slug. @throws {AppError} `project.not_found`.
   */
  async lockedSlugOf(id: string): Promise<string> {
    const project = await withDbErrors(() =>
      this.manager.findOne(Project, { where: { id }, lock: { mode: 'for_no_key_update' } }),
    );
    return ensure(project, 'project.not_found', { project: id }).slug;
  }

  /** Finds the oldest team of this name. */
  findTeam(name: string): Promise<Team | null> {
    return withDbErrors(() => this.manager.findOne(Team, { where: { name }, order: { createdAt: 'ASC', id: 'ASC' } }));
  }

  findBySlug(teamId: string, slug: string): Promise<Project | null> {
    return withDbErrors(() => this.manager.findOneBy(Project, { teamId, slug }));
  }

  insertTeam(name: string): Promise<Team> {
    return withDbErrors(() => this.manager.save(Team, { name }));
  }

  /** @throws {UniqueViolation} when the id exists, or the slug within the team. */
  async insert(project: Omit<Project, 'createdAt'>): Promise<void> {
    await withDbErrors(() => this.manager.insert(Project, project));
  }

  async rename(id: string, name: string): Promise<void> {
    await withDbErrors(() => this.manager.update(Project, { id }, { name }));
  }
}
