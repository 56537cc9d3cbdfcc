import { createDataKeyTable, dropDataKeyTable } from '@xerotier/data-keys';
import { disableTenantIsolation, enableTenantIsolation } from '@xerotier/db';
import type { TenantTable } from '@xerotier/db';
import { createIdempotencyKeyTable, dropIdempotencyKeyTable } from '@xerotier/idempotency';
import { createOutboxTables, dropOutboxTables } from '@xerotier/outbox';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const schema = 'batch';
const TABLES: readonly TenantTable[] = [
  // The sweeper looks for batches that are not finished, whatever their project.
  { schema, table: 'batch', forPlatform: true },
  { schema, table: 'batch_chunk' },
  { schema, table: 'batch_result' },
  { schema, table: 'batch_allowance' },
];

/** Batches, which of their lines are done, and the results that are not written to files yet. */
export class CreateBatches1796410000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDataKeyTable(runner, schema);
    await createIdempotencyKeyTable(runner, schema);
    await createOutboxTables(runner, schema);
    await runner.query(`
      CREATE TABLE batch.batch (
        project_id text NOT NULL CONSTRAINT batch_project_id_fkey REFERENCES batch.data_key (project_id),
        id text NOT NULL,
        key_id text NOT NULL,
        endpoint text NOT NULL,
        model text,
        input_file_id text NOT NULL,
        retried_batch_id text,
        completion_window text NOT NULL,
        metadata jsonb,
        output_seconds integer,
        status text NOT NULL,
        ending text,
        errors jsonb,
        lines_total integer NOT NULL DEFAULT 0,
        lines_completed integer NOT NULL DEFAULT 0,
        lines_failed integer NOT NULL DEFAULT 0,
        prompt_tokens bigint NOT NULL DEFAULT 0,
        cached_tokens bigint NOT NULL DEFAULT 0,
        completion_tokens bigint NOT NULL DEFAULT 0,
        reasoning_tokens bigint NOT NULL DEFAULT 0,
        enqueued_tokens bigint NOT NULL DEFAULT 0,
        output_file_id text,
        error_file_id text,
        fence integer NOT NULL DEFAULT 0,
        lease_until timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        in_progress_at timestamptz,
        paused_at timestamptz,
        finalizing_at timestamptz,
        completed_at timestamptz,
        failed_at timestamptz,
        expired_at timestamptz,
        cancelling_at timestamptz,
        cancelled_at timestamptz,
        CONSTRAINT batch_key PRIMARY KEY (project_id, id),
        CONSTRAINT batch_status_check CHECK (status IN ('validating', 'failed', 'in_progress', 'finalizing', 'completed',
          'expired', 'cancelling', 'cancelled')),
        CONSTRAINT batch_ending_check CHECK (ending IN ('completed', 'failed', 'expired', 'cancelled')),
        CONSTRAINT batch_lines_check CHECK (
          lines_completed >= 0 AND lines_failed >= 0 AND lines_completed + lines_failed <= lines_total)
      )`);
    await runner.query('CREATE INDEX batch_created_at_idx ON batch.batch (project_id, created_at, id)');
    await runner.query(`
      CREATE INDEX batch_unfinished_idx ON batch.batch (created_at)
        WHERE status IN ('validating', 'in_progress', 'finalizing', 'cancelling')`);
    await runner.query(`
      CREATE TABLE batch.batch_chunk (
        project_id text NOT NULL,
        batch_id text NOT NULL,
        number integer NOT NULL,
        start_byte bigint NOT NULL,
        end_byte bigint NOT NULL,
        first_line integer NOT NULL,
        lines integer NOT NULL,
        done bytea NOT NULL,
        done_lines integer NOT NULL DEFAULT 0,
        CONSTRAINT batch_chunk_key PRIMARY KEY (project_id, batch_id, number)
      )`);
    await runner.query(`
      CREATE TABLE batch.batch_result (
        project_id text NOT NULL,
        batch_id text NOT NULL,
        kind text NOT NULL,
        position integer NOT NULL,
        content bytea NOT NULL,
        CONSTRAINT batch_result_key PRIMARY KEY (project_id, batch_id, kind, position)
      )`);
    // Encrypted data is not compressible, so PostgreSQL should not try.
    await runner.query('ALTER TABLE batch.batch_result ALTER COLUMN content SET STORAGE EXTERNAL');
    await runner.query(`
      CREATE TABLE batch.batch_allowance (
        project_id text PRIMARY KEY,
        tokens bigint NOT NULL,
        CONSTRAINT batch_allowance_tokens_check CHECK (tokens >= 0)
      )`);
    for (const table of TABLES) await enableTenantIsolation(runner, table);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await disableTenantIsolation(runner, table);
    for (const table of ['batch_allowance', 'batch_result', 'batch_chunk', 'batch'])
      await runner.query(`DROP TABLE batch.${table}`);
    await dropOutboxTables(runner, schema);
    await dropIdempotencyKeyTable(runner, schema);
    await dropDataKeyTable(runner, schema);
  }
}
