/**
 * Row-level security: a table that has it shows and takes only rows of the project that the transaction is for, whatever the query says.
 * It is the second wall: queries name their project all the same.
 *
 * PostgreSQL has a table's policy apply to everybody but superusers and roles with BYPASSRLS. Where a service logs in as one of these (as in
 * development), its transactions for a tenant take a role without these rights.
 */
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { withDbErrors } from './db-errors.ts';

const TENANT_ROLE = 'xerotier_tenant';
const IDENTIFIER = /^[a-z][a-z0-9_]{0,62}$/;
const BYPASSES = 'SELECT rolsuper OR rolbypassrls AS bypasses FROM pg_roles WHERE rolname = current_user';

/** Whether the login of a data source is above policies: asked once. */
const bypassing = new WeakMap<DataSource, boolean>();

/**
 * Runs work in a transaction that sees and writes rows of this project only, in every table with tenant isolation. Use the manager it gets
 * and no other. The connection carries nothing of it afterwards.
 * @throws what the work throws, after a rollback. Writing another project's row is an Error of PostgreSQL (`42501`), a defect.
 * @throws {AppError} `db.unavailable`.
 */
export async function withTenant<T>(
  database: DataSource,
  projectId: string,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  if (projectId === '') throw new RangeError('a transaction for a tenant needs the id of its project');
  return withDbErrors(() =>
    database.transaction(async (manager) => {
      // Local to the transaction, both: a pooled connection must not carry a tenant to whoever gets it next.
      if (await bypassesPolicies(database, manager)) await manager.query(`SET LOCAL ROLE ${TENANT_ROLE}`);
      await manager.query("SELECT set_config('app.project_id', $1, true)", [projectId]);
      return work(manager);
    }),
  );
}

export interface TenantTable {
  readonly schema: string;
  readonly table: string;
  /** The text column that says whose row it is. Default `project_id`. */
  readonly column?: string;
}

/**
 * For a migration: gives a table its policy. Begin its unique keys with the column, since an error of a key that spans tenants tells one of
 * another's rows. A query outside `withTenant` finds nothing from then on.
 */
export async function enableTenantIsolation(runner: QueryRunner, target: TenantTable): Promise<void> {
  const { schema, table, column } = checked(target);
  // Empty where a transaction before this one on the same connection had a tenant, null where none had.
  const isOwn = `${column} = nullif(current_setting('app.project_id', true), '')`;
  await runner.query(`ALTER TABLE ${schema}.${table} ENABLE ROW LEVEL SECURITY`);
  await runner.query(`ALTER TABLE ${schema}.${table} FORCE ROW LEVEL SECURITY`);
  await runner.query(`CREATE POLICY tenant_isolation ON ${schema}.${table} USING (${isOwn}) WITH CHECK (${isOwn})`);
  const [login] = await runner.manager.query<{ bypasses: boolean }[]>(BYPASSES);
  if (login?.bypasses !== true) return;
  await runner.query(`
    DO $$ BEGIN
      CREATE ROLE ${TENANT_ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$`);
  await runner.query(`GRANT USAGE ON SCHEMA ${schema} TO ${TENANT_ROLE}`);
  // Of the whole schema: a transaction for a tenant also writes to tables without a policy, such as the outbox.
  const rights = 'SELECT, INSERT, UPDATE, DELETE';
  await runner.query(`GRANT ${rights} ON ALL TABLES IN SCHEMA ${schema} TO ${TENANT_ROLE}`);
  await runner.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO ${TENANT_ROLE}`);
  await runner.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT ${rights} ON TABLES TO ${TENANT_ROLE}`);
  await runner.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT USAGE ON SEQUENCES TO ${TENANT_ROLE}`);
}

/** Undoes `enableTenantIsolation`; the role stays, other tables may use it. */
export async function disableTenantIsolation(runner: QueryRunner, target: TenantTable): Promise<void> {
  const { schema, table } = checked(target);
  await runner.query(`DROP POLICY tenant_isolation ON ${schema}.${table}`);
  await runner.query(`ALTER TABLE ${schema}.${table} NO FORCE ROW LEVEL SECURITY`);
  await runner.query(`ALTER TABLE ${schema}.${table} DISABLE ROW LEVEL SECURITY`);
}

async function bypassesPolicies(database: DataSource, manager: EntityManager): Promise<boolean> {
  const known = bypassing.get(database);
  if (known !== undefined) return known;
  const [login] = await manager.query<{ bypasses: boolean }[]>(BYPASSES);
  const bypasses = login?.bypasses === true;
  bypassing.set(database, bypasses);
  return bypasses;
}

/** Names are written into SQL, so they are constants of the code and nothing else. */
function checked({ schema, table, column = 'project_id' }: TenantTable): Required<TenantTable> {
  const bad = [schema, table, column].find((name) => !IDENTIFIER.test(name));
  if (bad !== undefined) throw new RangeError(`'${bad}' cannot be a name in a policy`);
  return { schema, table: `"${table}"`, column };
}
