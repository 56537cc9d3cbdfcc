import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Alerts of budgets know whether their event was added to the outbox. That of earlier ones was. */
export class AnnounceAlertsLater1796300000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // By a default: row-level security would hide the rows from an update.
    await runner.query('ALTER TABLE auth.budget_alert ADD COLUMN announced_at timestamptz DEFAULT now()');
    await runner.query('ALTER TABLE auth.budget_alert ALTER COLUMN announced_at DROP DEFAULT');
    await runner.query(
      'CREATE INDEX budget_alert_pending_idx ON auth.budget_alert (reached_at) WHERE announced_at IS NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth.budget_alert DROP COLUMN announced_at');
  }
}
