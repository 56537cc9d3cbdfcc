import { withDbErrors } from '@xerotier/db';
import type { EntityManager } from 'typeorm';
import { ProjectEntity } from './project.entity.ts';
import type { Project } from './project.entity.ts';
import { TeamEntity } from './team.entity.ts';
import type { Team } from './team.entity.ts';

export class ProjectsRepository {
  readonly #manager: EntityManager;

  constructor(manager: EntityManager) {
    this.#manager = manager;
  }

  findById(id: string): Promise<Project | null> {
    return withDbErrors(() => this.#manager.findOneBy(ProjectEntity, { id }));
  }

  /** The oldest team of this name. */
  findTeam(name: string): Promise<Team | null> {
    return withDbErrors(() =>
      this.#manager.findOne(TeamEntity, { where: { name }, order: { createdAt: 'ASC', id: 'ASC' } }),
    );
  }

  findBySlug(teamId: string, slug: string): Promise<Project | null> {
    return withDbErrors(() => this.#manager.findOneBy(ProjectEntity, { teamId, slug }));
  }

  insertTeam(name: string): Promise<Team> {
    return withDbErrors(() => this.#manager.save(TeamEntity, { name }));
  }

  /** @throws {UniqueViolation} when the id is taken, or the slug within the team. */
  async insert(project: Omit<Project, 'createdAt'>): Promise<void> {
    await withDbErrors(() => this.#manager.insert(ProjectEntity, project));
  }

  async rename(id: string, name: string): Promise<void> {
    await withDbErrors(() => this.#manager.update(ProjectEntity, { id }, { name }));
  }
}
