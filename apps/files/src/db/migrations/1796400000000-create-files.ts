import { createDataKeyTable, dropDataKeyTable } from '@xerotier/data-keys';
import { disableTenantIsolation, enableTenantIsolation } from '@xerotier/db';
import type { TenantTable } from '@xerotier/db';
import { createIdempotencyKeyTable, dropIdempotencyKeyTable } from '@xerotier/idempotency';
import { createOutboxTables, dropOutboxTables } from '@xerotier/outbox';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const schema = 'files';
const TABLES: readonly TenantTable[] = [
  // Files expire, and interrupted transfers are cleaned up, whatever their project.
  { schema, table: 'blob', forPlatform: true },
  { schema, table: 'file', forPlatform: true },
  { schema, table: 'file_segment' },
  { schema, table: 'project_storage' },
  { schema, table: 'upload', forPlatform: true },
  { schema, table: 'upload_part' },
];

/** Files, the blobs that they consist of, and the storage that projects use. */
export class CreateFiles1796400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDataKeyTable(runner, schema);
    await createIdempotencyKeyTable(runner, schema);
    await createOutboxTables(runner, schema);
    await runner.query(`
      CREATE TABLE files.project_storage (
        project_id text PRIMARY KEY,
        bytes bigint NOT NULL,
        CONSTRAINT project_storage_bytes_check CHECK (bytes >= 0)
      )`);
    await runner.query(`
      CREATE TABLE files.blob (
        project_id text NOT NULL CONSTRAINT blob_project_id_fkey REFERENCES files.data_key (project_id),
        id text NOT NULL,
        state text NOT NULL,
        bytes bigint NOT NULL DEFAULT 0,
        charged_bytes bigint NOT NULL DEFAULT 0,
        sha256 bytea,
        touched_at timestamptz NOT NULL DEFAULT now(),
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT blob_key PRIMARY KEY (project_id, id),
        CONSTRAINT blob_state_check CHECK (state IN ('writing', 'stored', 'removing')),
        CONSTRAINT blob_bytes_check CHECK (bytes >= 0),
        CONSTRAINT blob_charged_bytes_check CHECK (charged_bytes >= 0),
        CONSTRAINT blob_sha256_check CHECK (state = 'writing' OR sha256 IS NULL OR length(sha256) = 32)
      )`);
    await runner.query(`CREATE INDEX blob_unfinished_idx ON files.blob (touched_at) WHERE state <> 'stored'`);
    await runner.query(`
      CREATE TABLE files.file (
        project_id text NOT NULL CONSTRAINT file_project_id_fkey REFERENCES files.data_key (project_id),
        id text NOT NULL,
        purpose text NOT NULL,
        filename text NOT NULL,
        relative_path text,
        bytes bigint NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        CONSTRAINT file_key PRIMARY KEY (project_id, id),
        CONSTRAINT file_bytes_check CHECK (bytes >= 0)
      )`);
    await runner.query('CREATE INDEX file_created_at_idx ON files.file (project_id, created_at, id)');
    await runner.query('CREATE INDEX file_expires_at_idx ON files.file (expires_at) WHERE expires_at IS NOT NULL');
    await runner.query(`
      CREATE TABLE files.file_segment (
        project_id text NOT NULL,
        file_id text NOT NULL,
        position integer NOT NULL,
        blob_id text NOT NULL,
        CONSTRAINT file_segment_key PRIMARY KEY (project_id, file_id, position),
        CONSTRAINT file_segment_blob_key UNIQUE (project_id, blob_id),
        CONSTRAINT file_segment_position_check CHECK (position >= 0)
      )`);
    await runner.query(`
      CREATE TABLE files.upload (
        project_id text NOT NULL CONSTRAINT upload_project_id_fkey REFERENCES files.data_key (project_id),
        id text NOT NULL,
        purpose text NOT NULL,
        filename text NOT NULL,
        relative_path text,
        mime_type text NOT NULL,
        bytes bigint NOT NULL,
        file_seconds integer,
        status text NOT NULL,
        file_id text,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        CONSTRAINT upload_key PRIMARY KEY (project_id, id),
        CONSTRAINT upload_status_check CHECK (status IN ('pending', 'completed', 'cancelled', 'expired')),
        CONSTRAINT upload_bytes_check CHECK (bytes > 0)
      )`);
    await runner.query(`CREATE INDEX upload_expires_at_idx ON files.upload (expires_at) WHERE status = 'pending'`);
    await runner.query(`
      CREATE TABLE files.upload_part (
        project_id text NOT NULL,
        id text NOT NULL,
        upload_id text NOT NULL,
        blob_id text NOT NULL,
        bytes bigint NOT NULL,
        sha256 bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT upload_part_key PRIMARY KEY (project_id, id),
        CONSTRAINT upload_part_blob_key UNIQUE (project_id, blob_id)
      )`);
    await runner.query(
      'CREATE INDEX upload_part_upload_idx ON files.upload_part (project_id, upload_id, created_at, id)',
    );
    for (const table of TABLES) await enableTenantIsolation(runner, table);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await disableTenantIsolation(runner, table);
    for (const table of ['upload_part', 'upload', 'file_segment', 'file', 'blob', 'project_storage'])
      await runner.query(`DROP TABLE files.${table}`);
    await dropOutboxTables(runner, schema);
    await dropIdempotencyKeyTable(runner, schema);
    await dropDataKeyTable(runner, schema);
  }
}
