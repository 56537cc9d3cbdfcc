/** For tests of a service's database. */
import type { DataSource } from 'typeorm';

/**
 * What would have to change for the migrated schema to be what the entities say: empty when both say the same. Triggers,
 * functions and storage parameters are the migrations' alone.
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
    ...tables
      .filter(({ name }) => !known.has(name))
      .map(({ name }) => `no entity describes the table ${schema}.${name}`),
  ];
}
