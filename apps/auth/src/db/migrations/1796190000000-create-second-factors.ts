import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Second factors of accounts and their recovery codes. They belong to no project, as accounts do. */
export class CreateSecondFactors1796190000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE auth.totp (
        account_id text PRIMARY KEY REFERENCES auth.account (id),
        secret bytea NOT NULL,
        confirmed_at timestamptz,
        last_step integer,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT totp_confirmed_check CHECK ((confirmed_at IS NULL) = (last_step IS NULL))
      )`);
    await runner.query(`
      CREATE TABLE auth.recovery_code (
        account_id text NOT NULL REFERENCES auth.account (id),
        hash bytea NOT NULL,
        used_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account_id, hash),
        CONSTRAINT recovery_code_hash_check CHECK (octet_length(hash) = 32)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE auth.recovery_code');
    await runner.query('DROP TABLE auth.totp');
  }
}
