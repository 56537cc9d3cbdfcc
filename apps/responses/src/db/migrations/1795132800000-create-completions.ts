import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Stored chat completions, and the data key of each project. Model and metadata are not encrypted, because completions
 * are filtered by them.
 */
export class CreateCompletions1795132800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE responses.data_key (
        project_id text PRIMARY KEY CHECK (project_id ~ '^[A-Za-z0-9_-]{1,64}$'),
        master_key_id text NOT NULL CHECK (length(master_key_id) BETWEEN 1 AND 64),
        wrapped bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE responses.completion (
        project_id text NOT NULL REFERENCES responses.data_key (project_id),
        id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,128}$'),
        endpoint_id uuid NOT NULL,
        model text NOT NULL,
        metadata jsonb NOT NULL CHECK (jsonb_typeof(metadata) = 'object'),
        created_at timestamptz NOT NULL,
        content bytea NOT NULL,
        messages bytea NOT NULL,
        CONSTRAINT completion_key PRIMARY KEY (project_id, id)
      )`);
    // Encrypted data is not compressible, so PostgreSQL should not try.
    await runner.query(`
      ALTER TABLE responses.completion
        ALTER COLUMN content SET STORAGE EXTERNAL,
        ALTER COLUMN messages SET STORAGE EXTERNAL`);
    await runner.query('CREATE INDEX completion_project_idx ON responses.completion (project_id, created_at, id)');
    await runner.query(
      'CREATE INDEX completion_endpoint_idx ON responses.completion (project_id, endpoint_id, created_at, id)',
    );
    await runner.query(
      'CREATE INDEX completion_metadata_idx ON responses.completion USING gin (metadata jsonb_path_ops)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE responses.completion');
    await runner.query('DROP TABLE responses.data_key');
  }
}
