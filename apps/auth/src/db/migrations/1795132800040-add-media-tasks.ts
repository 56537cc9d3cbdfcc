import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Adds the tasks for speech, transcription and images. */
export class AddMediaTasks1795132800040 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE auth.endpoint DROP CONSTRAINT endpoint_task_check,
        ADD CONSTRAINT endpoint_task_check
          CHECK (task IN ('generate', 'embed', 'score', 'transcribe', 'speak', 'image'))`);
  }

  /** Endpoints with a removed task are deleted: they must not become chat endpoints. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DELETE FROM auth.endpoint WHERE task IN ('transcribe', 'speak', 'image')");
    await runner.query(`
      ALTER TABLE auth.endpoint DROP CONSTRAINT endpoint_task_check,
        ADD CONSTRAINT endpoint_task_check CHECK (task IN ('generate', 'embed', 'score'))`);
  }
}
