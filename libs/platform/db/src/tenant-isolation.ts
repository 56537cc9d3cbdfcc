/**
 * Row-level security: an isolated table returns and accepts only rows of the transaction's project, whatever the query.
 * It is a second line of defence: queries filter by project as well.
 *
 * PostgreSQL does not apply policies to superusers and roles with BYPASSRLS. Where a service logs in as one of these
 * (as in development), its transactions for a tenant switch to a role without these privileges.
 */
import type { ClientBase } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { withDbErrors } from './db-errors.ts';

const TENANT_ROLE = 'xerotier_tenant';
const IDENTIFIER = /^[a-z][a-z0-9_]{0,62}$/;
/** In transactions of `withEveryTenant`. */
const IS_PLATFORM = "current_setting('app.every_project', true) = 'on'";
const BYPASSES = 'SELECT rolsuper OR rolbypassrls AS bypasses FROM pg_roles WHERE rolname = current_user';

/** Whether the login of a data source bypasses policies: queried once. */
const bypassing = new WeakMap<DataSource, boolean>();

/**
 * Runs work in a transaction that reads and writes only rows of this project, in every table with tenant isolation. Use
 * only the manager that it passes. The connection keeps no tenant state afterwards.
 * @throws what the work throws, after a rollback. Writing another project's row throws PostgreSQL's error `42501`, a
 * defect.
 * @throws {AppError} `db.unavailable`.
 */
export async function withTenant<T>(
  database: DataSource,
  projectId: string,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  if (projectId === '') throw new RangeError('Expected a project id');
  return withDbErrors(() =>
    database.transaction((manager) =>
      whileSeeing({ database, manager, setting: 'app.project_id', value: projectId }, work),
    ),
  );
}

/**
 * Runs work in a transaction that sees the rows of all projects, in tables that allow it (`forPlatform`): for lookups before the
 * project is known, such as that of an API key, and for maintenance. Queries must not mix rows of several projects in one result
 * of a tenant. The connection keeps no state afterwards.
 * @throws what the work throws, after a rollback.
 * @throws {AppError} `db.unavailable`.
 */
export async function withEveryTenant<T>(
  database: DataSource,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  return withDbErrors(() =>
    database.transaction((manager) =>
      whileSeeing({ database, manager, setting: 'app.every_project', value: 'on' }, work),
    ),
  );
}

/**
 * Runs work in a transaction of `withTenant` that sees the rows of all projects while it runs, in tables that allow it: for limits
 * across projects that must hold in the same transaction. It must neither write nor return rows of other projects.
 */
export async function seeingEveryTenant<T>(manager: EntityManager, work: () => Promise<T>): Promise<T> {
  await withDbErrors(() => manager.query("SELECT set_config('app.every_project', 'on', true)"));
  const result = await work();
  // After an error the transaction is over, and the setting with it.
  await withDbErrors(() => manager.query("SELECT set_config('app.every_project', '', true)"));
  return result;
}

export interface TenantTable {
  readonly schema: string;
  readonly table: string;
  /** The text column with the project id. Default `project_id`. */
  readonly column?: string;
  /** Whether `withEveryTenant` sees its rows. Default false. */
  readonly forPlatform?: boolean;
}

/**
 * For migrations: gives a table its policy. Begin its unique keys with the tenant column, since an error of a key that
 * spans tenants reveals rows of another tenant. From then on a query outside `withTenant` returns no rows.
 */
export async function enableTenantIsolation(runner: QueryRunner, target: TenantTable): Promise<void> {
  const { schema, table, column, forPlatform } = checked(target);
  // Empty after an earlier transaction with a tenant on the same connection, null before the first.
  const isOwn = `${column} = nullif(current_setting('app.project_id', true), '')`;
  await runner.query(`ALTER TABLE ${schema}.${table} ENABLE ROW LEVEL SECURITY`);
  await runner.query(`ALTER TABLE ${schema}.${table} FORCE ROW LEVEL SECURITY`);
  await runner.query(`CREATE POLICY tenant_isolation ON ${schema}.${table} USING (${isOwn}) WITH CHECK (${isOwn})`);
  // A second permissive policy: rows that fulfil one of the two are visible.
  const isPlatform = `USING (${IS_PLATFORM}) WITH CHECK (${IS_PLATFORM})`;
  if (forPlatform) await runner.query(`CREATE POLICY platform_access ON ${schema}.${table} ${isPlatform}`);
  const [login] = await runner.manager.query<{ bypasses: boolean }[]>(BYPASSES);
  if (login?.bypasses !== true) return;
  await runner.query(`
    DO $$ BEGIN
      CREATE ROLE ${TENANT_ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$`);
  await runner.query(`GRANT USAGE ON SCHEMA ${schema} TO ${TENANT_ROLE}`);
  // For the whole schema: a tenant's transaction also writes to tables without a policy, such as the outbox.
  const privileges = 'SELECT, INSERT, UPDATE, DELETE';
  await runner.query(`GRANT ${privileges} ON ALL TABLES IN SCHEMA ${schema} TO ${TENANT_ROLE}`);
  await runner.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO ${TENANT_ROLE}`);
  await runner.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT ${privileges} ON TABLES TO ${TENANT_ROLE}`);
  await runner.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT USAGE ON SEQUENCES TO ${TENANT_ROLE}`);
}

/** Undoes `enableTenantIsolation`; the role remains, since other tables may use it. */
export async function disableTenantIsolation(runner: QueryRunner, target: TenantTable): Promise<void> {
  const { schema, table } = checked(target);
  await runner.query(`DROP POLICY tenant_isolation ON ${schema}.${table}`);
  await runner.query(`DROP POLICY IF EXISTS platform_access ON ${schema}.${table}`);
  await runner.query(`ALTER TABLE ${schema}.${table} NO FORCE ROW LEVEL SECURITY`);
  await runner.query(`ALTER TABLE ${schema}.${table} DISABLE ROW LEVEL SECURITY`);
}

interface Visibility {
  readonly database: DataSource;
  readonly manager: EntityManager;
  readonly setting: 'app.project_id' | 'app.every_project';
  readonly value: string;
}

/**
 * Restricts a transaction, and no other one of its connection. The work does not wait for that: the server runs statements in the order in
 * which they are sent, and none after one of its transaction that failed.
 */
async function whileSeeing<T>(
  { database, manager, setting, value }: Visibility,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  // Also in transactions of the platform: a table without `forPlatform` stays closed for a superuser as well.
  const asTenant = (await bypassesPolicies(database, manager)) ? `set_config('role', '${TENANT_ROLE}', true), ` : '';
  const connection = (await manager.queryRunner?.connect()) as ClientBase;
  const seen = connection.query(`SELECT ${asTenant}set_config('${setting}', $1, true)`, [value]);
  const [worked, restricted] = await Promise.allSettled([work(manager), seen]);
  // The reason why the work has failed, too.
  if (restricted.status === 'rejected') throw restricted.reason;
  if (worked.status === 'rejected') throw worked.reason;
  return worked.value;
}

async function bypassesPolicies(database: DataSource, manager: EntityManager): Promise<boolean> {
  const known = bypassing.get(database);
  if (known !== undefined) return known;
  const [login] = await manager.query<{ bypasses: boolean }[]>(BYPASSES);
  const bypasses = login?.bypasses === true;
  bypassing.set(database, bypasses);
  return bypasses;
}

/** Names are interpolated into SQL, so only constants of the code are allowed. */
function checked({ schema, table, column = 'project_id', forPlatform = false }: TenantTable): Required<TenantTable> {
  const bad = [schema, table, column].find((name) => !IDENTIFIER.test(name));
  if (bad !== undefined) throw new RangeError(`Invalid identifier '${bad}'`);
  return { schema, table: `"${table}"`, column, forPlatform };
}
