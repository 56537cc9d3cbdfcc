import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What decides how much memory a version takes. Versions that were checked before have none. */
export class AddModelShapes1796540000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE router.model_version ADD COLUMN shape jsonb');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE router.model_version DROP COLUMN shape');
  }
}
