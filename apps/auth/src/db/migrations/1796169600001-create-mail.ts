import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Mail to users, which is sent after the commit of the change that it is about. It belongs to no project. */
export class CreateMail1796169600001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE auth.mail (
        id uuid PRIMARY KEY,
        content bytea NOT NULL,
        expires_at timestamptz,
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        failed_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX mail_next_attempt_at_idx ON auth.mail (next_attempt_at) WHERE failed_at IS NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE auth.mail');
  }
}
