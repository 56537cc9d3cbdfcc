/**
 * Migrates a service's schema, one process at a time, so that replicas may start together. Each migration runs in its
 * own transaction together with the record that it ran; one that sets `transaction = false` (for CREATE INDEX
 * CONCURRENTLY) runs outside of it and must be safe to run again.
 */
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { DataSource, MigrationExecutor } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { setTimeout as delay } from 'node:timers/promises';
import { dataSourceOptions } from './data-source-options.ts';
import type { DatabaseTarget, MigrationClass } from './data-source-options.ts';
import { translateDbError, withDbErrors } from './db-errors.ts';
import { defaultWaitMs, serviceBounds } from './default-bounds.ts';
import { waitForDatabase } from './wait-for-database.ts';

export interface MigrateOptions extends DatabaseTarget {
  readonly migrations: readonly MigrationClass[];
  /** How long to wait for an unreachable database. Default 60 s. */
  readonly waitMs?: number;
}

const MIGRATION_BOUNDS = {
  poolMax: 1,
  connectTimeoutMs: 10_000,
  statementTimeoutMs: 600_000,
  // A statement that waits for a table lock blocks all later ones. Better to fail and be restarted.
  lockTimeoutMs: 10_000,
};

const LOCK_POLL_MS = 250;
const LOCK_WAIT_MS = 600_000;

/**
 * Runs pending migrations and returns their names.
 * @throws {AppError} `db.unavailable` when the database cannot be reached in time.
 * @throws {Error} the error of a failed migration, which was rolled back; the migrations before it are applied.
 */
export async function migrateDatabase(options: MigrateOptions): Promise<string[]> {
  assertSchemaName(options.schema);
  const { url, schema, applicationName = schema, log, waitMs = defaultWaitMs } = options;
  await waitForDatabase({ url, applicationName, log, waitMs, connectTimeoutMs: serviceBounds.connectTimeoutMs });
  const dataSource = new DataSource(
    dataSourceOptions(options, MIGRATION_BOUNDS, { entities: [], migrations: options.migrations }),
  );
  return withDbErrors(async () => {
    await dataSource.initialize();
    try {
      // A session lock: it is released when the session ends, for whatever reason.
      const runner = dataSource.createQueryRunner();
      await acquireLock(runner, options.schema, log);
      await ensureSchema(runner, options.schema);
      const executor = new MigrationExecutor(dataSource, runner);
      executor.transaction = 'each';
      const names = (await executor.executePendingMigrations()).map((migration) => migration.name);
      if (names.length > 0) log.info('database schema migrated', { schema: options.schema, migrations: names });
      return names;
    } finally {
      await dataSource.destroy();
    }
  });
}

/** Returns the migrations of this data source that have not run, oldest first. */
export async function pendingMigrations(dataSource: DataSource): Promise<string[]> {
  const { schema } = dataSource.options as { schema?: string };
  const done = await dataSource
    .query<{ name: string }[]>(`SELECT name FROM "${schema}"."migrations"`)
    .catch((error: unknown) => {
      if (isUndefinedTable(error)) return [];
      throw translateDbError(error);
    });
  const names = new Set(done.map((row) => row.name));
  return dataSource.migrations
    .map((migration) => migration.name ?? migration.constructor.name)
    .filter((name) => !names.has(name));
}

async function acquireLock(runner: QueryRunner, schema: string, log: Logger): Promise<void> {
  const startedAt = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    // Polled, because waiting for the lock inside PostgreSQL would hit the session's lock timeout.
    const [row] = await runner.manager.query<{ taken: boolean }[]>(
      'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS taken',
      [`xerotier.migrate.${schema}`],
    );
    if (row?.taken === true) return;
    if (attempt === 1) log.info('waiting for migration lock', { schema });
    if (performance.now() - startedAt > LOCK_WAIT_MS) throw new AppError('db.unavailable', { schema });
    await delay(LOCK_POLL_MS);
  }
}

async function ensureSchema(runner: QueryRunner, schema: string): Promise<void> {
  // Checked first: CREATE SCHEMA IF NOT EXISTS needs the privilege to create one even if it exists.
  const [row] = await runner.manager.query<{ found: boolean }[]>('SELECT to_regnamespace($1) IS NOT NULL AS found', [
    schema,
  ]);
  if (row?.found !== true) await runner.query(`CREATE SCHEMA "${schema}"`);
}

/** Schema names are interpolated into SQL, so only constants of the code are allowed. */
export function assertSchemaName(schema: string): void {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(schema)) throw new RangeError(`Invalid schema name '${schema}'`);
}

function isUndefinedTable(error: unknown): boolean {
  const { code } = ((error as { driverError?: unknown }).driverError ?? {}) as { code?: unknown };
  return code === '42P01' || code === '3F000';
}
