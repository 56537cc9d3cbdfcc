import { disableTenantIsolation, enableTenantIsolation } from '@xerotier/db';
import type { TenantTable } from '@xerotier/db';
import type { QueryRunner } from 'typeorm';

/** For a migration of a service: creates the table of `DataKeyEntity`, with tenant isolation. */
export async function createDataKeyTable(runner: QueryRunner, schema: string): Promise<void> {
  await runner.query(`
    CREATE TABLE ${schema}.data_key (
      project_id text PRIMARY KEY CHECK (project_id ~ '^[A-Za-z0-9_-]{1,64}$'),
      master_key_id text NOT NULL CHECK (length(master_key_id) BETWEEN 1 AND 64),
      wrapped bytea NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    )`);
  await enableTenantIsolation(runner, isolated(schema));
}

export async function dropDataKeyTable(runner: QueryRunner, schema: string): Promise<void> {
  await disableTenantIsolation(runner, isolated(schema));
  await runner.query(`DROP TABLE ${schema}.data_key`);
}

/** For the platform as well: a rotation of the master key wraps the keys of all projects anew. */
function isolated(schema: string): TenantTable {
  return { schema, table: 'data_key', forPlatform: true };
}
