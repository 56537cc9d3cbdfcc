import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Endpoints may be for speech, transcription and images too. */
export class AddMediaTasks1795132800040 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE auth.endpoint DROP CONSTRAINT endpoint_task_check,
        ADD CONSTRAINT endpoint_task_check
          CHECK (task IN ('generate', 'embed', 'score', 'transcribe', 'speak', 'image'))`);
  }

  /** An endpoint for a task that is no more cannot stay, and must not be taken for one for chat. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DELETE FROM auth.endpoint WHERE task IN ('transcribe', 'speak', 'image')");
    await runner.query(`
      ALTER TABLE auth.endpoint DROP CONSTRAINT endpoint_task_check,
        ADD CONSTRAINT endpoint_task_check CHECK (task IN ('generate', 'embed', 'score'))`);
  }
}
