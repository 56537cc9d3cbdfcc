/** A service's connection to its schema: opened once at start, closed with `destroy()`. */
import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source-options.ts';
import type { EntityClass } from './data-source-options.ts';
import { withDbErrors } from './db-errors.ts';
import { defaultWaitMs, serviceBounds } from './default-bounds.ts';
import { assertSchemaName, migrateDatabase, pendingMigrations } from './migrate.ts';
import { observePool } from './metrics.ts';
import type { MigrateOptions } from './migrate.ts';
import { waitForDatabase } from './wait-for-database.ts';

export interface OpenOptions extends MigrateOptions {
  readonly entities: readonly EntityClass[];
  /** Maximum number of open connections. */
  readonly poolMax: number;
  /** Default true. With false the schema must be up to date. */
  readonly migrateOnStart?: boolean;
  /** How long a query waits for a connection. Default 1.5 s. */
  readonly connectTimeoutMs?: number;
  /** Maximum duration of a statement. Default 5 s. */
  readonly statementTimeoutMs?: number;
}

/**
 * Waits for the database, migrates the schema unless `migrateOnStart` is false, and connects.
 *
 * The data source survives restarts of the database: queries fail with `db.unavailable` (through `withDbErrors`) during
 * the outage and work again afterwards.
 * @throws {AppError} `db.unavailable` when the database cannot be reached in time.
 * @throws {Error} when the database rejects the login, when a migration fails, or when one is pending and
 * `migrateOnStart` is false.
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
  observePool(dataSource, options.schema);
  return dataSource;
}

/** Whether the database responds to a query now: a readiness check. */
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
    `The schema '${schema}' has ${missing.length} pending migration(s), the first is ${missing[0]}. ` +
      'Run this service once with the subcommand `migrate`, or set DATABASE_MIGRATE_ON_START=true.',
  );
}
