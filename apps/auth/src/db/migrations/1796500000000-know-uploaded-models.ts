import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Endpoints know whether a project has uploaded their model. None was before. */
export class KnowUploadedModels1796500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE auth.endpoint
        ADD COLUMN model_bytes bigint CONSTRAINT endpoint_model_bytes_check CHECK (model_bytes > 0)`);
    await runner.query('CREATE INDEX endpoint_model_id_idx ON auth.endpoint (model_id) WHERE deleted_at IS NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX auth.endpoint_model_id_idx');
    await runner.query('ALTER TABLE auth.endpoint DROP COLUMN model_bytes');
  }
}
