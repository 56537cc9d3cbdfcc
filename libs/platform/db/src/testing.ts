/** Helpers for database tests of a service. */
import type { DataSource } from 'typeorm';

/**
 * Returns the statements that would turn the migrated schema into that of the entities; empty when they match.
 * Triggers, functions and storage parameters exist in migrations only and are not compared.
 * @param exceptions tables that deliberately have no entity.
 */
export async function differencesFromEntities(
  dataSource: DataSource,
  exceptions: readonly string[] = [],
): Promise<string[]> {
  const { schema } = dataSource.options as { schema: string };
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  const tables = await dataSource.query<{ name: string }[]>(
    'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 ORDER BY 1',
    [schema],
  );
  const known = new Set([...dataSource.entityMetadatas.map(({ tableName }) => tableName), 'migrations', ...exceptions]);
  return [
    ...upQueries.map(({ query }) => query),
    ...tables.filter(({ name }) => !known.has(name)).map(({ name }) => `no entity for the table ${schema}.${name}`),
  ];
}

export interface IsolationOfTable {
  readonly table: string;
  readonly isForced: boolean;
  readonly policies: readonly string[];
}

/**
 * Returns the isolation of each table that has rows of projects: those with this column, and the table of projects itself.
 * Every service checks with it that no table was forgotten.
 */
export function isolationOfTables(dataSource: DataSource, column = 'project_id'): Promise<IsolationOfTable[]> {
  const { schema } = dataSource.options as { schema: string };
  return dataSource.query<IsolationOfTable[]>(
    `SELECT relname AS table, relrowsecurity AND relforcerowsecurity AS "isForced",
       ARRAY(SELECT polname::text FROM pg_policy WHERE polrelid = pg_class.oid ORDER BY 1) AS policies
     FROM pg_class
     WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p') AND (relname = 'project' OR EXISTS (
       SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = $2))
     ORDER BY relname`,
    [schema, column],
  );
}
