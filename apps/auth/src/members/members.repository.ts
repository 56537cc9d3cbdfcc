import type { MemberAccess, MemberRole } from '@xerotier/contracts/auth';
import { keysetPage, withDbErrors } from '@xerotier/db';
import type { PageRequest } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import type { EntityManager } from 'typeorm';
import { Member } from './member.entity.ts';

/** A project that an account is a member of. */
export interface ProjectOfMember {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly archivedAt: Date | null;
  readonly role: MemberRole;
}

/** A member, with what other members see of its account. */
export type MemberRow = Pick<Member, 'accountId' | 'role' | 'approves' | 'createdAt'> & {
  readonly email: string;
  readonly name: string;
};

const PROJECTS_MAX = 1_000;
const ENDPOINTS_MAX = 1_000;

const KEYSET = [
  { name: 'created_at', type: 'timestamptz' },
  { name: 'account_id', type: 'text' },
] as const;

/** All members of a project, the first parameter. */
const MEMBERS = `(
  SELECT account_id, role, approves, member.created_at, email, name
  FROM auth.member JOIN auth.account ON account.id = member.account_id
  WHERE project_id = $1
) AS member`;
const COLUMNS = 'account_id AS "accountId", role, approves, created_at AS "createdAt", email, name';

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
        `SELECT project.id, slug, name, project.created_at AS "createdAt", project.archived_at AS "archivedAt", role
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

  /** A page of the members. @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  async list(
    projectId: string,
    { after, limit, order }: PageRequest,
  ): Promise<{ rows: MemberRow[]; hasMore: boolean }> {
    const { orderBy, isAfterCursor } = keysetPage(KEYSET, order, 3);
    const cursor = after === undefined ? [null, null] : await this.cursorOf(projectId, after);
    const rows = await withDbErrors(() =>
      this.manager.query<MemberRow[]>(
        `SELECT ${COLUMNS} FROM ${MEMBERS} WHERE ${isAfterCursor} ORDER BY ${orderBy} LIMIT $2`,
        [projectId, limit + 1, ...cursor],
      ),
    );
    return { rows: rows.slice(0, limit), hasMore: rows.length > limit };
  }

  async find(projectId: string, accountId: string): Promise<MemberRow | null> {
    const rows = await withDbErrors(() =>
      this.manager.query<MemberRow[]>(`SELECT ${COLUMNS} FROM ${MEMBERS} WHERE account_id = $2`, [
        projectId,
        accountId,
      ]),
    );
    return rows[0] ?? null;
  }

  count(projectId: string): Promise<number> {
    return withDbErrors(() => this.manager.countBy(Member, { projectId }));
  }

  countOwners(projectId: string): Promise<number> {
    return withDbErrors(() => this.manager.countBy(Member, { projectId, role: 'owner' }));
  }

  async update(
    projectId: string,
    accountId: string,
    values: Partial<Pick<Member, 'role' | 'approves'>>,
  ): Promise<void> {
    await withDbErrors(() => this.manager.update(Member, { projectId, accountId }, values));
  }

  async delete(projectId: string, accountId: string): Promise<void> {
    await withDbErrors(() => this.manager.delete(Member, { projectId, accountId }));
  }

  /** As `listProjectsOf`, it reads several projects. */
  countOwnedBy(accountId: string): Promise<number> {
    return withDbErrors(() => this.manager.countBy(Member, { accountId, role: 'owner' }));
  }

  /** As text, since a `Date` loses the microseconds that order rows of the same millisecond. */
  private async cursorOf(projectId: string, after: string): Promise<unknown[]> {
    const [row] = await withDbErrors(() =>
      this.manager.query<{ at: string }[]>(
        'SELECT created_at::text AS at FROM auth.member WHERE project_id = $1 AND account_id = $2',
        [projectId, after],
      ),
    );
    if (row === undefined) throw new AppError('list.unknown_cursor', { after }, { param: 'after' });
    return [row.at, after];
  }
}
