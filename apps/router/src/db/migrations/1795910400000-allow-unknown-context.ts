import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Not every server behind a worker reports the context size of its model, and a guess would be misleading. */
export class AllowUnknownContext1795910400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE router.model ALTER COLUMN context_tokens DROP NOT NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    // The value that workers reported when it was unknown.
    await runner.query('UPDATE router.model SET context_tokens = 8192 WHERE context_tokens IS NULL');
    await runner.query('ALTER TABLE router.model ALTER COLUMN context_tokens SET NOT NULL');
  }
}
