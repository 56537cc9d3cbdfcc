import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Identities at providers that sign in to accounts, and the use of a sign-in as another kind of one-time token. */
export class CreateIdentities1796190000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE auth.account_identity (
        issuer text NOT NULL,
        subject text NOT NULL,
        provider text NOT NULL,
        account_id text NOT NULL REFERENCES auth.account (id),
        email text,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (issuer, subject),
        CONSTRAINT account_identity_account_key UNIQUE (account_id, issuer),
        CONSTRAINT account_identity_provider_check CHECK (provider IN ('github', 'oidc'))
      )`);
    await runner.query(`
      ALTER TABLE auth.one_time_token
        DROP CONSTRAINT one_time_token_kind_check,
        ADD CONSTRAINT one_time_token_kind_check
          CHECK (kind IN ('invitation', 'email_verification', 'password_reset', 'sign_in'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DELETE FROM auth.one_time_token WHERE kind = 'sign_in'");
    await runner.query(`
      ALTER TABLE auth.one_time_token
        DROP CONSTRAINT one_time_token_kind_check,
        ADD CONSTRAINT one_time_token_kind_check CHECK (kind IN ('invitation', 'email_verification', 'password_reset'))`);
    await runner.query('DROP TABLE auth.account_identity');
  }
}
