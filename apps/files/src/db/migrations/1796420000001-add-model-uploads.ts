import { disableTenantIsolation, enableTenantIsolation } from '@xerotier/db';
import type { TenantTable } from '@xerotier/db';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const schema = 'files';
const TABLES: readonly TenantTable[] = [
  { schema, table: 'model_upload' },
  { schema, table: 'model_file' },
];

/** Uploads of models, and the files that they become. */
export class AddModelUploads1796420000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE files.upload
        DROP CONSTRAINT upload_status_check,
        ADD CONSTRAINT upload_status_check
          CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled', 'expired'))`);
    await runner.query(`CREATE INDEX upload_processing_idx ON files.upload (created_at) WHERE status = 'processing'`);
    await runner.query('ALTER TABLE files.upload_part ADD COLUMN position integer');
    await runner.query(`
      CREATE TABLE files.model_upload (
        project_id text NOT NULL,
        upload_id text NOT NULL,
        version_id uuid NOT NULL,
        request jsonb NOT NULL,
        manifest jsonb,
        attempt integer NOT NULL DEFAULT 0,
        failures integer NOT NULL DEFAULT 0,
        writing_blob_id text,
        facts jsonb,
        model_id text,
        version text,
        error jsonb,
        CONSTRAINT model_upload_key PRIMARY KEY (project_id, upload_id),
        CONSTRAINT model_upload_version_key UNIQUE (project_id, version_id),
        CONSTRAINT model_upload_upload_fkey FOREIGN KEY (project_id, upload_id)
          REFERENCES files.upload (project_id, id) ON DELETE CASCADE
      )`);
    await runner.query(`
      CREATE TABLE files.model_file (
        project_id text NOT NULL,
        version_id uuid NOT NULL,
        path text NOT NULL,
        blob_id text NOT NULL,
        bytes bigint NOT NULL,
        sha256 bytea NOT NULL,
        CONSTRAINT model_file_key PRIMARY KEY (project_id, version_id, path),
        CONSTRAINT model_file_blob_key UNIQUE (project_id, blob_id),
        CONSTRAINT model_file_bytes_check CHECK (bytes >= 0)
      )`);
    for (const table of TABLES) await enableTenantIsolation(runner, table);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await disableTenantIsolation(runner, table);
    await runner.query('DROP TABLE files.model_file, files.model_upload');
    await runner.query('ALTER TABLE files.upload_part DROP COLUMN position');
    await runner.query('DROP INDEX files.upload_processing_idx');
    await runner.query(`
      ALTER TABLE files.upload
        DROP CONSTRAINT upload_status_check,
        ADD CONSTRAINT upload_status_check CHECK (status IN ('pending', 'completed', 'cancelled', 'expired'))`);
  }
}
