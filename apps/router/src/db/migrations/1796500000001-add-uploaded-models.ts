import { disableTenantIsolation, enableTenantIsolation } from '@xerotier/db';
import type { TenantTable } from '@xerotier/db';
import { createOutboxTables, dropOutboxTables } from '@xerotier/outbox';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const schema = 'router';
const TABLES: readonly TenantTable[] = [
  { schema, table: 'uploaded_model' },
  { schema, table: 'model_version' },
  { schema, table: 'removed_model_version' },
];

/**
 * Models of projects, and their versions. `model`, which requests read by id, has a row for each of them, but nothing that only their
 * project may see.
 */
export class AddUploadedModels1796500000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createOutboxTables(runner, schema);
    await runner.query('ALTER TABLE router.model ADD COLUMN is_uploaded boolean NOT NULL DEFAULT false');
    await runner.query(`
      CREATE TABLE router.uploaded_model (
        project_id text NOT NULL,
        id text NOT NULL CONSTRAINT uploaded_model_id_fkey REFERENCES router.model (id),
        name text NOT NULL,
        role text NOT NULL DEFAULT 'private',
        description text,
        license text,
        tags text[] NOT NULL DEFAULT '{}',
        workload_types text[] NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now(),
        shared_at timestamptz,
        CONSTRAINT uploaded_model_key PRIMARY KEY (project_id, id),
        CONSTRAINT uploaded_model_name_key UNIQUE (project_id, name),
        CONSTRAINT uploaded_model_role_check CHECK (role IN ('private', 'deployable', 'shared')),
        CONSTRAINT uploaded_model_shared_at_check CHECK ((role = 'private') = (shared_at IS NULL))
      )`);
    await runner.query(
      `CREATE INDEX uploaded_model_shared_idx ON router.uploaded_model (shared_at, id) WHERE role <> 'private'`,
    );
    await runner.query('CREATE UNIQUE INDEX uploaded_model_id_idx ON router.uploaded_model (id)');
    await runner.query(`
      CREATE TABLE router.model_version (
        project_id text NOT NULL,
        id uuid NOT NULL,
        model_id text NOT NULL,
        version text NOT NULL,
        is_latest boolean NOT NULL DEFAULT false,
        latest_at timestamptz,
        notes text,
        bytes bigint NOT NULL,
        file_count integer NOT NULL,
        format text NOT NULL,
        architecture text NOT NULL,
        context_tokens bigint,
        parameter_count bigint NOT NULL,
        quantization text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT model_version_key PRIMARY KEY (project_id, id),
        CONSTRAINT model_version_model_fkey FOREIGN KEY (project_id, model_id)
          REFERENCES router.uploaded_model (project_id, id),
        CONSTRAINT model_version_version_key UNIQUE (project_id, model_id, version),
        CONSTRAINT model_version_latest_at_check CHECK (NOT is_latest OR latest_at IS NOT NULL),
        CONSTRAINT model_version_bytes_check CHECK (bytes > 0)
      )`);
    await runner.query(
      'CREATE UNIQUE INDEX model_version_latest_idx ON router.model_version (project_id, model_id) WHERE is_latest',
    );
    await runner.query(
      'CREATE INDEX model_version_created_at_idx ON router.model_version (project_id, model_id, created_at, id)',
    );
    await runner.query(`
      CREATE TABLE router.removed_model_version (
        project_id text NOT NULL,
        id uuid NOT NULL,
        removed_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT removed_model_version_key PRIMARY KEY (project_id, id)
      )`);
    for (const table of TABLES) await enableTenantIsolation(runner, table);
    // What a project shares, others may read: the model with its latest version.
    await runner.query(`CREATE POLICY shared ON router.uploaded_model FOR SELECT USING (role <> 'private')`);
    await runner.query(`
      CREATE POLICY shared ON router.model_version FOR SELECT USING (is_latest AND EXISTS (
        SELECT FROM router.uploaded_model AS model
        WHERE model.project_id = model_version.project_id AND model.id = model_version.model_id
          AND model.role <> 'private'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['uploaded_model', 'model_version'])
      await runner.query(`DROP POLICY shared ON router.${table}`);
    for (const table of TABLES) await disableTenantIsolation(runner, table);
    for (const table of ['removed_model_version', 'model_version', 'uploaded_model'])
      await runner.query(`DROP TABLE router.${table}`);
    await runner.query('DELETE FROM router.model WHERE is_uploaded');
    await runner.query('ALTER TABLE router.model DROP COLUMN is_uploaded');
    await dropOutboxTables(runner, schema);
  }
}
