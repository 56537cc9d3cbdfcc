import type { AdministeredProject } from '@xerotier/contracts/auth';
import { listPage, withDbErrors } from '@xerotier/db';
import type { PageRequest } from '@xerotier/db';
import { IsNull } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Account } from '../accounts/account.entity.ts';
import { Project } from '../projects/project.entity.ts';

const KEYSET = [
  { name: 'created_at', type: 'timestamptz' },
  { name: 'id', type: 'text' },
] as const;
const OWNERS_MAX = 10;

/** A project's owners and sizes. */
type Overview = Pick<AdministeredProject, 'id' | 'owners' | 'members' | 'endpoints' | 'apiKeys'>;

/** Reads across projects: see `withEveryTenant`. Created per transaction: see SeedRepository. */
export class AdministrationRepository {
  constructor(private readonly manager: EntityManager) {}

  /**
   * A page of all accounts.
   * @param email in lower case: what their addresses contain. @throws {AppError} `list.unknown_cursor`, `db.unavailable`.
   */
  listAccounts(email: string | undefined, page: PageRequest): Promise<{ rows: Account[]; hasMore: boolean }> {
    return listPage(this.manager.getRepository(Account), { columns: KEYSET, contains: { email } }, page);
  }

  /** The number of projects by the id of the account. */
  async countProjects(accountIds: readonly string[]): Promise<Map<string, number>> {
    const rows = await withDbErrors(() =>
      this.manager.query<{ id: string; projects: string }[]>(
        'SELECT account_id AS id, count(*) AS projects FROM auth.member WHERE account_id = ANY($1) GROUP BY account_id',
        [accountIds],
      ),
    );
    return new Map(rows.map(({ id, projects }) => [id, Number(projects)]));
  }

  /** Whether there is an admin who can sign in, other than this account. */
  hasOtherAdmin(accountId: string): Promise<boolean> {
    return withDbErrors(() =>
      this.manager
        .createQueryBuilder(Account, 'account')
        .where({ systemRole: 'admin', disabledAt: IsNull() })
        .andWhere('account.id <> :accountId', { accountId })
        .getExists(),
    );
  }

  /** A page of all projects. @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  listProjects(page: PageRequest): Promise<{ rows: Project[]; hasMore: boolean }> {
    return listPage(this.manager.getRepository(Project), { columns: KEYSET }, page);
  }

  /** By the id of the project. */
  async overviewsOf(projectIds: readonly string[]): Promise<Map<string, Overview>> {
    const rows = await withDbErrors(() =>
      this.manager.query<Overview[]>(
        `SELECT project.id,
           (SELECT coalesce(json_agg(owner), '[]') FROM (
              SELECT account.id, email, account.name FROM auth.member JOIN auth.account ON account.id = account_id
              WHERE project_id = project.id AND role = 'owner'
              ORDER BY member.created_at, account_id LIMIT ${OWNERS_MAX}) AS owner) AS owners,
           (SELECT count(*)::int FROM auth.member WHERE project_id = project.id) AS members,
           (SELECT count(*)::int FROM auth.endpoint WHERE project_id = project.id AND deleted_at IS NULL) AS endpoints,
           (SELECT count(*)::int FROM auth.api_key WHERE project_id = project.id AND revoked_at IS NULL
              AND (expires_at IS NULL OR expires_at > now())) AS "apiKeys"
         FROM auth.project WHERE project.id = ANY($1)`,
        [projectIds],
      ),
    );
    return new Map(rows.map((row) => [row.id, row]));
  }
}
