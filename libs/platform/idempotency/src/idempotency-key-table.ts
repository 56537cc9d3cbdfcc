/** The table of idempotency keys, for a migration of the service that owns the schema. */
import { assertSchemaName, disableTenantIsolation, enableTenantIsolation } from '@xerotier/db';
import type { QueryRunner } from 'typeorm';

const table = 'idempotency_key';

/** Creates `idempotency_key` in a schema, with row-level security. The entity `IdempotencyKey` belongs to it. */
export async function createIdempotencyKeyTable(runner: QueryRunner, schema: string): Promise<void> {
  assertSchemaName(schema);
  await runner.query(`
    CREATE TABLE "${schema}".idempotency_key (
      project_id text NOT NULL,
      key text NOT NULL,
      request_hash bytea NOT NULL,
      result bytea,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (project_id, key)
    )`);
  await runner.query(`CREATE INDEX idempotency_key_created_at_idx ON "${schema}".idempotency_key (created_at)`);
  // The purge deletes rows of all projects.
  await enableTenantIsolation(runner, { schema, table, forPlatform: true });
}

/** Undoes `createIdempotencyKeyTable`: requests that were made before and are repeated are made again. */
export async function dropIdempotencyKeyTable(runner: QueryRunner, schema: string): Promise<void> {
  assertSchemaName(schema);
  await disableTenantIsolation(runner, { schema, table });
  await runner.query(`DROP TABLE "${schema}".idempotency_key`);
}
