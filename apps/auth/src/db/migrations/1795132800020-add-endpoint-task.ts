import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What an endpoint is for. Existing endpoints were created for chat. */
export class AddEndpointTask1795132800020 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE auth.endpoint ADD COLUMN task text NOT NULL DEFAULT 'generate'
        CONSTRAINT endpoint_task_check CHECK (task IN ('generate', 'embed', 'score'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth.endpoint DROP COLUMN task');
  }
}
