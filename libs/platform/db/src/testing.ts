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
