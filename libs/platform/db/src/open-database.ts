/** A service's connection to its schema: opened once at start, and closed with `destroy()` at the end. */
import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source-options.ts';
import type { EntityClass } from './data-source-options.ts';
import { withDbErrors } from './db-errors.ts';
import { defaultWaitMs, serviceBounds } from './default-bounds.ts';
import { assertSchemaName, migrateDatabase, pendingMigrations } from './migrate.ts';
import type { MigrateOptions } from './migrate.ts';
import { waitForDatabase } from './wait-for-database.ts';

export interface OpenOptions extends MigrateOptions {
  readonly entities: readonly EntityClass[];
  /** Connections that may be open at once. */
  readonly poolMax: number;
  /** Default true. With false the schema has to be up to date. */
  readonly migrateOnStart?: boolean;
  /** How long a query waits for a connection. Default 1.5 s. */
  readonly connectTimeoutMs?: number;
  /** How long a statement may run. Default 5 s. */
  readonly statementTimeoutMs?: number;
}

/**
 * Waits for the database, migrates the schema unless told otherwise, and connects.
 *
 * Afterwards the data source survives restarts of the database: queries fail with `db.unavailable` (through
 * `withDbErrors`) while it is away, and work again when it is back.
 * @throws {AppError} `db.unavailable` when the database cannot be reached in time.
 * @throws {Error} when it refuses the login, when a migration fails, or when one is missing and must not be run.
 */
export async function openDatabase(options: OpenOptions): Promise<DataSource> {
  assertSchemaName(options.schema);
  const { poolMax, connectTimeoutMs = serviceBounds.connectTimeoutMs } = options;
  const statementTimeoutMs = options.statementTimeoutMs ?? serviceBounds.statementTimeoutMs;
  const mayMigrate = options.migrateOnStart ?? true;
  if (mayMigrate) await migrateDatabase(options);
  else
    await waitForDatabase({
      applicationName: options.schema,
      ...options,
      waitMs: options.waitMs ?? defaultWaitMs,
      connectTimeoutMs,
    });
  const dataSource = new DataSource(
    dataSourceOptions(options, { poolMax, connectTimeoutMs, statementTimeoutMs }, options),
  );
  await withDbErrors(() => dataSource.initialize());
  if (!mayMigrate) await rejectOldSchema(dataSource, options.schema);
  return dataSource;
}

/** Whether the database answers a query now: for readiness. */
export async function isDatabaseReachable(dataSource: DataSource): Promise<boolean> {
  return dataSource.query('SELECT 1').then(
    () => true,
    () => false,
  );
}

async function rejectOldSchema(dataSource: DataSource, schema: string): Promise<void> {
  const missing = await pendingMigrations(dataSource).catch(async (error: unknown) => {
    await dataSource.destroy();
    throw error;
  });
  if (missing.length === 0) return;
  await dataSource.destroy();
  throw new Error(
    `The schema '${schema}' lacks ${missing.length} migration(s), the first is ${missing[0]}. ` +
      'Run this service once with the subcommand `migrate`, or set DATABASE_MIGRATE_ON_START=true.',
  );
}
