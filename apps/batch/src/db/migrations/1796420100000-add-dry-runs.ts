import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Batches that are validated and priced only. */
export class AddDryRuns1796420100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE batch.batch ADD COLUMN is_dry_run boolean NOT NULL DEFAULT false, ADD COLUMN estimate jsonb',
    );
    await runner.query('CREATE INDEX batch_dry_run_idx ON batch.batch (created_at) WHERE is_dry_run');
  }

  async down(runner: QueryRunner): Promise<void> {
    // An earlier release would run them.
    await runner.query('DELETE FROM batch.batch WHERE is_dry_run');
    await runner.query('ALTER TABLE batch.batch DROP COLUMN is_dry_run, DROP COLUMN estimate');
  }
}
