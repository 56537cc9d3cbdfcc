import type { ProjectRetention } from '@xerotier/contracts/auth';
import { withDbErrors } from '@xerotier/db';
import { ensure } from '@xerotier/errors';
import { IsNull, Not } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Project } from './project.entity.ts';
import { Team } from './team.entity.ts';

/** Columns of tiers that limit a project as a whole. */
export type ProjectLimit = 'storage_bytes_max' | 'batch_tokens_max';

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
    return (await this.lock(id)).slug;
  }

  /** As `lockedSlugOf`; returns the project. @throws {AppError} `project.not_found`. */
  async lock(id: string): Promise<Project> {
    const project = await withDbErrors(() =>
      this.manager.findOne(Project, { where: { id }, lock: { mode: 'for_no_key_update' } }),
    );
    return ensure(project, 'project.not_found', { project: id });
  }

  /** Returns the project afterwards. */
  async update(project: Project, values: Partial<Pick<Project, 'name' | 'settings' | 'archivedAt'>>): Promise<Project> {
    await withDbErrors(() => this.manager.update(Project, { id: project.id }, values));
    return this.manager.create(Project, { ...project, ...values });
  }

  isArchived(id: string): Promise<boolean> {
    return withDbErrors(() => this.manager.existsBy(Project, { id, archivedAt: Not(IsNull()) }));
  }

  /**
   * The largest limit of the tiers of its endpoints, or without any the smallest of all tiers; null is unlimited. Undefined if there is
   * no such project.
   */
  async quota(projectId: string, limit: ProjectLimit): Promise<{ max: number | null } | undefined> {
    const [row] = await withDbErrors(() =>
      this.manager.query<{ max: string | null }[]>(
        `SELECT CASE
           WHEN bool_or(tier.slug IS NOT NULL) THEN
             CASE WHEN bool_or(tier.slug IS NOT NULL AND tier.${limit} IS NULL) THEN NULL ELSE max(tier.${limit}) END
           ELSE (SELECT min(${limit}) FROM auth.tier WHERE deleted_at IS NULL)
         END AS max
         FROM auth.project
         LEFT JOIN auth.endpoint ON endpoint.project_id = project.id AND endpoint.deleted_at IS NULL
         LEFT JOIN auth.tier ON tier.slug = endpoint.tier
         WHERE project.id = $1 GROUP BY project.id`,
        [projectId],
      ),
    );
    return row && { max: row.max === null ? null : Number(row.max) };
  }

  /** Projects with a retention, by id. Not isolated: see `withEveryTenant`. */
  listRetentions(after: string | undefined, limit: number): Promise<ProjectRetention[]> {
    return withDbErrors(() =>
      this.manager.query<ProjectRetention[]>(
        `SELECT id AS "projectId", (settings ->> 'retentionDays')::int AS "retentionDays" FROM auth.project
         WHERE settings ? 'retentionDays' AND ($1::text IS NULL OR id > $1) ORDER BY id LIMIT $2`,
        [after ?? null, limit],
      ),
    );
  }

  async setSpendCap(id: string, capMicros: number | null): Promise<void> {
    const spendCapMicros = capMicros === null ? null : String(capMicros);
    await withDbErrors(() => this.manager.update(Project, { id }, { spendCapMicros }));
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
  async insert(project: Pick<Project, 'id' | 'teamId' | 'name' | 'slug'>): Promise<void> {
    await withDbErrors(() => this.manager.insert(Project, project));
  }

  async rename(id: string, name: string): Promise<void> {
    await withDbErrors(() => this.manager.update(Project, { id }, { name }));
  }
}
