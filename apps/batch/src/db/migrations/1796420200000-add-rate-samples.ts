import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How fast batches are. */
export class AddRateSamples1796420200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE batch.batch ADD COLUMN samples jsonb');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE batch.batch DROP COLUMN samples');
  }
}
