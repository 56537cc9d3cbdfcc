import type { MemberAccess, MemberRole } from '@xerotier/contracts/auth';
import { withDbErrors } from '@xerotier/db';
import type { EntityManager } from 'typeorm';
import { Member } from './member.entity.ts';

/** A project that an account is a member of. */
export interface ProjectOfMember {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly role: MemberRole;
}

const PROJECTS_MAX = 1_000;
const ENDPOINTS_MAX = 1_000;

/** Created per transaction: see SeedRepository. */
export class MembersRepository {
  constructor(private readonly manager: EntityManager) {}

  async insert(member: Pick<Member, 'projectId' | 'accountId' | 'role'>): Promise<void> {
    await withDbErrors(() => this.manager.insert(Member, member));
  }

  /** Newest first, at most 1,000. It reads several projects: see `withEveryTenant`. */
  listProjectsOf(accountId: string): Promise<ProjectOfMember[]> {
    return withDbErrors(() =>
      this.manager.query<ProjectOfMember[]>(
        `SELECT project.id, slug, name, project.created_at AS "createdAt", role
         FROM auth.member JOIN auth.project ON project.id = member.project_id
         WHERE account_id = $1 ORDER BY project.created_at DESC, project.id DESC LIMIT ${PROJECTS_MAX}`,
        [accountId],
      ),
    );
  }

  /** What a member may do in a project; null if the account is none. In a transaction of the project. */
  async findAccess(projectId: string, accountId: string): Promise<MemberAccess | null> {
    const rows = await withDbErrors(() =>
      this.manager.query<MemberAccess[]>(
        `SELECT role, json_build_object('id', project.id, 'slug', project.slug) AS project,
           (SELECT coalesce(json_agg(found), '[]') FROM (
              SELECT id, slug FROM auth.endpoint WHERE project_id = project.id
              ORDER BY created_at, id LIMIT ${ENDPOINTS_MAX}) AS found) AS endpoints
         FROM auth.member JOIN auth.project ON project.id = member.project_id
         WHERE member.project_id = $1 AND account_id = $2`,
        [projectId, accountId],
      ),
    );
    return rows[0] ?? null;
  }

  /** As `listProjectsOf`, it reads several projects. */
  countOwnedBy(accountId: string): Promise<number> {
    return withDbErrors(() => this.manager.countBy(Member, { accountId, role: 'owner' }));
  }
}
