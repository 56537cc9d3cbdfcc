import { disableTenantIsolation, enableTenantIsolation } from '@xerotier/db';
import type { TenantTable } from '@xerotier/db';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES: readonly TenantTable[] = [
  { schema: 'auth', table: 'usage_day', forPlatform: true },
  { schema: 'auth', table: 'usage_day_end_user', forPlatform: true },
];

/**
 * Sums of the ledger per day of UTC, so that reports do not read each request. What a running release records between this
 * migration and its own update is added with `usage rebuild`.
 */
export class CreateRollups1795996800101 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // A third of each page stays free, so that updates of counters do not write indexes.
    await runner.query(`
      CREATE TABLE auth.usage_day (
        project_id text NOT NULL,
        day date NOT NULL,
        endpoint_id uuid NOT NULL,
        key_id text NOT NULL,
        model_id text NOT NULL,
        tier text NOT NULL,
        requests bigint NOT NULL,
        failed_requests bigint NOT NULL,
        cancelled_requests bigint NOT NULL,
        prompt_tokens bigint NOT NULL,
        cached_tokens bigint NOT NULL,
        completion_tokens bigint NOT NULL,
        reasoning_tokens bigint NOT NULL,
        accepted_prediction_tokens bigint NOT NULL,
        rejected_prediction_tokens bigint NOT NULL,
        cost_micros bigint NOT NULL,
        unpriced_requests bigint NOT NULL,
        PRIMARY KEY (project_id, day, endpoint_id, key_id, model_id, tier)
      ) WITH (fillfactor = 67)`);
    // The end user before the day: the list of a project's end users is read in the order of the index.
    await runner.query(`
      CREATE TABLE auth.usage_day_end_user (
        project_id text NOT NULL,
        end_user text NOT NULL,
        day date NOT NULL,
        requests bigint NOT NULL,
        failed_requests bigint NOT NULL,
        cancelled_requests bigint NOT NULL,
        prompt_tokens bigint NOT NULL,
        cached_tokens bigint NOT NULL,
        completion_tokens bigint NOT NULL,
        reasoning_tokens bigint NOT NULL,
        accepted_prediction_tokens bigint NOT NULL,
        rejected_prediction_tokens bigint NOT NULL,
        cost_micros bigint NOT NULL,
        unpriced_requests bigint NOT NULL,
        PRIMARY KEY (project_id, end_user, day)
      ) WITH (fillfactor = 67)`);
    await runner.query("SELECT set_config('app.every_project', 'on', true)");
    await runner.query(`
      INSERT INTO auth.usage_day
      SELECT project_id, (started_at AT TIME ZONE 'UTC')::date, endpoint_id, key_id, model_id, tier, count(*),
        count(*) FILTER (WHERE outcome = 'failed'), count(*) FILTER (WHERE outcome = 'cancelled'),
        sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens), sum(reasoning_tokens),
        sum(accepted_prediction_tokens), sum(rejected_prediction_tokens),
        coalesce(sum(cost_micros), 0), count(*) FILTER (WHERE cost_micros IS NULL)
      FROM auth.usage_event GROUP BY project_id, (started_at AT TIME ZONE 'UTC')::date, endpoint_id, key_id, model_id, tier`);
    await runner.query(`
      INSERT INTO auth.usage_day_end_user
      SELECT project_id, end_user, (started_at AT TIME ZONE 'UTC')::date, count(*),
        count(*) FILTER (WHERE outcome = 'failed'), count(*) FILTER (WHERE outcome = 'cancelled'),
        sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens), sum(reasoning_tokens),
        sum(accepted_prediction_tokens), sum(rejected_prediction_tokens),
        coalesce(sum(cost_micros), 0), count(*) FILTER (WHERE cost_micros IS NULL)
      FROM auth.usage_event WHERE end_user <> '' GROUP BY project_id, end_user, (started_at AT TIME ZONE 'UTC')::date`);
    await runner.query("SELECT set_config('app.every_project', '', true)");
    for (const table of TABLES) await enableTenantIsolation(runner, table);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await disableTenantIsolation(runner, table);
    await runner.query('DROP TABLE auth.usage_day');
    await runner.query('DROP TABLE auth.usage_day_end_user');
  }
}
