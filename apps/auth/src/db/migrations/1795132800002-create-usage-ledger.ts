import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The usage of every request. It has no foreign keys, because a record outlives the endpoint and the API key it names.
 * Amounts are integers, so that billing does not depend on rounding.
 */
export class CreateUsageLedger1795132800002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE auth.usage_event (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        request_id text NOT NULL,
        kind text NOT NULL,
        project_id text NOT NULL,
        endpoint_id uuid NOT NULL,
        key_id text NOT NULL,
        model_id text NOT NULL,
        tier text NOT NULL,
        priority text NOT NULL,
        outcome text NOT NULL,
        streamed boolean NOT NULL,
        prompt_tokens bigint NOT NULL CHECK (prompt_tokens >= 0),
        cached_tokens bigint NOT NULL CHECK (cached_tokens >= 0),
        completion_tokens bigint NOT NULL CHECK (completion_tokens >= 0),
        reasoning_tokens bigint NOT NULL CHECK (reasoning_tokens >= 0),
        accepted_prediction_tokens bigint NOT NULL CHECK (accepted_prediction_tokens >= 0),
        rejected_prediction_tokens bigint NOT NULL CHECK (rejected_prediction_tokens >= 0),
        started_at timestamptz NOT NULL,
        duration_ms bigint NOT NULL CHECK (duration_ms >= 0),
        time_to_first_token_ms bigint CHECK (time_to_first_token_ms >= 0),
        recorded_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT usage_event_request_key UNIQUE (request_id, kind)
      )`);
    await runner.query('CREATE INDEX usage_event_project_idx ON auth.usage_event (project_id, started_at)');
    await runner.query(`
      CREATE FUNCTION auth."refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'auth.% is append-only', TG_TABLE_NAME;
      END $$`);
    await runner.query(`
      CREATE TRIGGER usage_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON auth.usage_event
        FOR EACH STATEMENT EXECUTE FUNCTION auth."refuse_change"()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE auth.usage_event');
    await runner.query('DROP FUNCTION auth."refuse_change"()');
  }
}
