import { disableTenantIsolation, enableTenantIsolation } from '@xerotier/db';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const MEMBER = { schema: 'auth', table: 'member', forPlatform: true } as const;

/**
 * Accounts of people, their sessions, and their roles in projects. Accounts, sessions and attempts belong to no project, so that
 * only members have tenant isolation.
 */
export class CreateAccounts1795996800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE auth.account (
        id text PRIMARY KEY,
        email text NOT NULL,
        password_hash text,
        name text NOT NULL,
        system_role text,
        email_verified_at timestamptz,
        disabled_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT account_email_key UNIQUE (email),
        CONSTRAINT account_email_check CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
        CONSTRAINT account_name_check CHECK (length(name) BETWEEN 1 AND 256),
        CONSTRAINT account_system_role_check CHECK (system_role IN ('admin', 'operator'))
      )`);
    await runner.query(`
      CREATE TABLE auth.session (
        id text PRIMARY KEY,
        token_hash bytea NOT NULL,
        account_id text NOT NULL REFERENCES auth.account (id),
        created_at timestamptz NOT NULL DEFAULT now(),
        last_seen_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        client_address text NOT NULL,
        user_agent text NOT NULL,
        revoked_at timestamptz,
        CONSTRAINT session_token_hash_key UNIQUE (token_hash),
        CONSTRAINT session_token_hash_check CHECK (octet_length(token_hash) = 32)
      )`);
    await runner.query('CREATE INDEX session_account_idx ON auth.session (account_id, created_at)');
    await runner.query('CREATE INDEX session_expires_at_idx ON auth.session (expires_at)');
    await runner.query(`
      CREATE TABLE auth.member (
        project_id text NOT NULL REFERENCES auth.project (id),
        account_id text NOT NULL REFERENCES auth.account (id),
        role text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (project_id, account_id),
        CONSTRAINT member_role_check CHECK (role IN ('owner', 'member'))
      )`);
    await runner.query('CREATE INDEX member_account_idx ON auth.member (account_id)');
    await runner.query(`
      CREATE TABLE auth.account_attempt (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        kind text NOT NULL,
        email_hash bytea,
        network text NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT account_attempt_kind_check CHECK (kind IN ('sign_in', 'registration')),
        CONSTRAINT account_attempt_email_hash_check CHECK (octet_length(email_hash) = 32)
      )`);
    await runner.query('CREATE INDEX account_attempt_email_idx ON auth.account_attempt (kind, email_hash, created_at)');
    await runner.query('CREATE INDEX account_attempt_network_idx ON auth.account_attempt (kind, network, created_at)');
    await runner.query('CREATE INDEX account_attempt_created_at_idx ON auth.account_attempt (created_at)');
    await enableTenantIsolation(runner, MEMBER);
  }

  async down(runner: QueryRunner): Promise<void> {
    await disableTenantIsolation(runner, MEMBER);
    for (const table of ['account_attempt', 'member', 'session', 'account'])
      await runner.query(`DROP TABLE auth.${table}`);
  }
}
