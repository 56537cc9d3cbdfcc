import { disableTenantIsolation, enableTenantIsolation } from '@xerotier/db';
import type { TenantTable } from '@xerotier/db';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES: readonly TenantTable[] = [
  { schema: 'auth', table: 'budget', forPlatform: true },
  { schema: 'auth', table: 'budget_alert', forPlatform: true },
];

/** Budgets of projects, and which of their thresholds were reached in which period. */
export class CreateBudgets1795996800102 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE auth.budget (
        id text PRIMARY KEY,
        project_id text NOT NULL CONSTRAINT budget_project_id_fkey REFERENCES auth.project (id),
        name text NOT NULL,
        amount_micros bigint NOT NULL,
        period text NOT NULL,
        thresholds integer[] NOT NULL,
        deleted_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT budget_name_check CHECK (length(name) BETWEEN 1 AND 256),
        CONSTRAINT budget_amount_micros_check CHECK (amount_micros > 0),
        CONSTRAINT budget_period_check CHECK (period IN ('day', 'month')),
        CONSTRAINT budget_thresholds_check CHECK (cardinality(thresholds) BETWEEN 1 AND 10 AND 0 < ALL (thresholds))
      )`);
    await runner.query('CREATE INDEX budget_project_idx ON auth.budget (project_id, created_at)');
    await runner.query(`
      CREATE TABLE auth.budget_alert (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        project_id text NOT NULL,
        budget_id text NOT NULL CONSTRAINT budget_alert_budget_id_fkey REFERENCES auth.budget (id),
        period_start date NOT NULL,
        threshold integer NOT NULL,
        amount_micros bigint NOT NULL,
        spent_micros bigint NOT NULL,
        reached_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CONSTRAINT budget_alert_threshold_key UNIQUE (project_id, budget_id, period_start, threshold)
      )`);
    for (const table of TABLES) await enableTenantIsolation(runner, table);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await disableTenantIsolation(runner, table);
    await runner.query('DROP TABLE auth.budget_alert');
    await runner.query('DROP TABLE auth.budget');
  }
}
