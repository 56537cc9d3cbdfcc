import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Settings of projects, archived projects, and idempotency keys of requests that create a project. */
export class ArchiveProjects1796169600003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE auth.project
        ADD COLUMN settings jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN archived_at timestamptz`);
    await runner.query(`
      ALTER TABLE auth.idempotency_key
        ALTER CONSTRAINT idempotency_key_project_id_fkey DEFERRABLE INITIALLY DEFERRED`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE auth.idempotency_key ALTER CONSTRAINT idempotency_key_project_id_fkey NOT DEFERRABLE',
    );
    await runner.query('ALTER TABLE auth.project DROP COLUMN archived_at, DROP COLUMN settings');
  }
}
