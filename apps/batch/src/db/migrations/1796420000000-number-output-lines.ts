import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which lines of its file a result has, so that the output of a batch can be read from any line while it runs. */
export class NumberOutputLines1796420000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Results that exist have no lines for readers: nobody can count what is encrypted. Files are written by position.
    await runner.query(`
      ALTER TABLE batch.batch_result
        ADD COLUMN first_line integer NOT NULL DEFAULT 0,
        ADD COLUMN lines integer NOT NULL DEFAULT 0`);
    await runner.query(`
      ALTER TABLE batch.batch_result ALTER COLUMN first_line DROP DEFAULT, ALTER COLUMN lines DROP DEFAULT`);
    await runner.query(
      'CREATE INDEX batch_result_line_idx ON batch.batch_result (project_id, batch_id, kind, first_line)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE batch.batch_result DROP COLUMN first_line, DROP COLUMN lines');
  }
}
