import { createOutboxTables, dropOutboxTables } from '@xerotier/outbox';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What changes of projects need: idempotency keys, the audit log and the outbox; and the properties of API keys. */
export class ChangeProjects1795910400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE auth.api_key
        ADD COLUMN endpoint_id uuid REFERENCES auth.endpoint (id),
        ADD COLUMN ip_allow text[] NOT NULL DEFAULT '{}',
        ADD COLUMN ip_block text[] NOT NULL DEFAULT '{}',
        ADD COLUMN quota_requests integer,
        ADD COLUMN quota_window_seconds integer,
        ADD CONSTRAINT api_key_quota_check CHECK ((quota_requests IS NULL) = (quota_window_seconds IS NULL))`);
    await runner.query(`
      CREATE TABLE auth.idempotency_key (
        project_id text NOT NULL REFERENCES auth.project (id),
        key text NOT NULL,
        request_hash bytea NOT NULL,
        result bytea,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (project_id, key)
      )`);
    await runner.query('CREATE INDEX idempotency_key_created_at_idx ON auth.idempotency_key (created_at)');
    await runner.query(`
      CREATE TABLE auth.audit_event (
        project_id text NOT NULL REFERENCES auth.project (id),
        id text NOT NULL,
        sequence integer NOT NULL,
        created_at timestamptz(3) NOT NULL,
        action text NOT NULL,
        actor_kind text NOT NULL,
        actor_id text NOT NULL,
        client_address text NOT NULL,
        request_id text NOT NULL,
        target_type text NOT NULL,
        target_id text NOT NULL,
        before jsonb,
        after jsonb,
        previous_hash bytea NOT NULL,
        hash bytea NOT NULL,
        PRIMARY KEY (project_id, id),
        CONSTRAINT audit_event_sequence_key UNIQUE (project_id, sequence),
        CONSTRAINT audit_event_hash_check CHECK (octet_length(hash) = 32 AND octet_length(previous_hash) = 32),
        CONSTRAINT audit_event_sequence_check CHECK (sequence > 0)
      )`);
    await runner.query(`
      CREATE FUNCTION auth.reject_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'audit events are append-only' USING ERRCODE = 'insufficient_privilege';
      END $$`);
    await runner.query(`
      CREATE TRIGGER reject_audit_change BEFORE UPDATE OR DELETE OR TRUNCATE ON auth.audit_event
      FOR EACH STATEMENT EXECUTE FUNCTION auth.reject_audit_change()`);
    await runner.query(`
      CREATE TABLE auth.audit_head (
        project_id text PRIMARY KEY REFERENCES auth.project (id),
        sequence integer NOT NULL,
        hash bytea NOT NULL,
        signature bytea NOT NULL
      )`);
    await createOutboxTables(runner, 'auth');
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropOutboxTables(runner, 'auth');
    await runner.query('DROP TABLE auth.audit_head');
    await runner.query('DROP TABLE auth.audit_event');
    await runner.query('DROP FUNCTION auth.reject_audit_change()');
    await runner.query('DROP TABLE auth.idempotency_key');
    await runner.query(`
      ALTER TABLE auth.api_key
        DROP COLUMN endpoint_id,
        DROP COLUMN ip_allow,
        DROP COLUMN ip_block,
        DROP COLUMN quota_requests,
        DROP COLUMN quota_window_seconds`);
  }
}
