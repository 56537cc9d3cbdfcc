import { disableTenantIsolation, enableTenantIsolation } from '@xerotier/db';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const USAGE_REPORT = { schema: 'auth', table: 'usage_report', forPlatform: true } as const;

/**
 * What workers report about generations, to write the ledger for requests whose gateway was lost, and to compare it with. Rows
 * that exist were recorded by gateways; whether one of them is an estimate was not recorded.
 */
export class AddUsageReports1796173200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE auth.usage_event
        ADD COLUMN source text NOT NULL DEFAULT 'gateway'
          CONSTRAINT usage_event_source_check CHECK (source IN ('gateway', 'worker')),
        ADD COLUMN estimated boolean NOT NULL DEFAULT false`);
    await runner.query(`
      CREATE TABLE auth.usage_report (
        project_id text NOT NULL,
        request_id text NOT NULL,
        choice_index integer NOT NULL,
        attempt integer NOT NULL,
        worker_id text NOT NULL,
        context jsonb NOT NULL,
        usage jsonb,
        outcome text NOT NULL,
        caller_lost boolean NOT NULL,
        begun boolean NOT NULL,
        ended_at timestamptz NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now(),
        check_at timestamptz NOT NULL,
        result text,
        PRIMARY KEY (project_id, request_id, choice_index, attempt),
        CONSTRAINT usage_report_outcome_check CHECK (outcome IN ('completed', 'cancelled', 'failed')),
        CONSTRAINT usage_report_result_check
          CHECK (result IN ('matched', 'settled', 'estimated', 'unreported', 'drift', 'dropped'))
      )`);
    await runner.query('CREATE INDEX usage_report_check_idx ON auth.usage_report (check_at) WHERE result IS NULL');
    await runner.query('CREATE INDEX usage_report_received_idx ON auth.usage_report (received_at)');
    await enableTenantIsolation(runner, USAGE_REPORT);
  }

  async down(runner: QueryRunner): Promise<void> {
    await disableTenantIsolation(runner, USAGE_REPORT);
    await runner.query('DROP TABLE auth.usage_report');
    await runner.query('ALTER TABLE auth.usage_event DROP COLUMN source, DROP COLUMN estimated');
  }
}
