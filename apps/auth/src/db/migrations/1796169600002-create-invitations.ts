import { disableTenantIsolation, enableTenantIsolation } from '@xerotier/db';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const INVITATION = { schema: 'auth', table: 'invitation', forPlatform: true } as const;

/** Invitations to projects, the tokens of links in mail, and a limit on requests that send mail. */
export class CreateInvitations1796169600002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE auth.invitation (
        id text PRIMARY KEY,
        project_id text NOT NULL REFERENCES auth.project (id),
        email text NOT NULL,
        role text NOT NULL,
        account_id text REFERENCES auth.account (id),
        expires_at timestamptz NOT NULL,
        accepted_at timestamptz,
        revoked_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT invitation_email_check CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
        CONSTRAINT invitation_role_check CHECK (role IN ('owner', 'member'))
      )`);
    await runner.query('CREATE INDEX invitation_project_idx ON auth.invitation (project_id, created_at, id)');
    await runner.query('CREATE INDEX invitation_email_idx ON auth.invitation (email)');
    await enableTenantIsolation(runner, INVITATION);
    await runner.query(`
      CREATE TABLE auth.one_time_token (
        hash bytea PRIMARY KEY,
        kind text NOT NULL,
        subject text NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT one_time_token_hash_check CHECK (octet_length(hash) = 32),
        CONSTRAINT one_time_token_kind_check CHECK (kind IN ('invitation', 'email_verification', 'password_reset'))
      )`);
    await runner.query('CREATE INDEX one_time_token_subject_idx ON auth.one_time_token (kind, subject)');
    await runner.query('CREATE INDEX one_time_token_expires_at_idx ON auth.one_time_token (expires_at)');
    await runner.query(`
      ALTER TABLE auth.account_attempt
        DROP CONSTRAINT account_attempt_kind_check,
        ADD CONSTRAINT account_attempt_kind_check CHECK (kind IN ('sign_in', 'registration', 'mail'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DELETE FROM auth.account_attempt WHERE kind = 'mail'");
    await runner.query(`
      ALTER TABLE auth.account_attempt
        DROP CONSTRAINT account_attempt_kind_check,
        ADD CONSTRAINT account_attempt_kind_check CHECK (kind IN ('sign_in', 'registration'))`);
    await runner.query('DROP TABLE auth.one_time_token');
    await disableTenantIsolation(runner, INVITATION);
    await runner.query('DROP TABLE auth.invitation');
  }
}
