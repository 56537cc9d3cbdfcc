import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Not every server behind a worker says how much its model takes, and a guess would be taken for the truth. */
export class AllowUnknownContext1795910400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE router.model ALTER COLUMN context_tokens DROP NOT NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    // What workers announced where they did not know.
    await runner.query('UPDATE router.model SET context_tokens = 8192 WHERE context_tokens IS NULL');
    await runner.query('ALTER TABLE router.model ALTER COLUMN context_tokens SET NOT NULL');
  }
}
