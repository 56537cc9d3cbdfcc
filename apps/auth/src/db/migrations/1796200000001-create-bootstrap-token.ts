import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The token of the first admin. It belongs to no project, although it may name one. */
export class CreateBootstrapToken1796200000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE auth.bootstrap_token (
        hash bytea PRIMARY KEY,
        is_for_first boolean NOT NULL,
        owned_project text REFERENCES auth.project (id),
        expires_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT bootstrap_token_hash_check CHECK (octet_length(hash) = 32)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE auth.bootstrap_token');
  }
}
