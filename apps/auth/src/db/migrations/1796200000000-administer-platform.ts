import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables with rows of the platform too, whose `project_id` is `system`: no project has this id. */
const WITH_SYSTEM_ROWS = ['audit_event', 'audit_head', 'idempotency_key'];

/** Operators change tiers and accounts: such changes are audited without a project, and tiers can be deleted. */
export class AdministerPlatform1796200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of WITH_SYSTEM_ROWS)
      await runner.query(`ALTER TABLE auth.${table} DROP CONSTRAINT ${table}_project_id_fkey`);
    await runner.query('ALTER TABLE auth.tier ADD COLUMN deleted_at timestamptz');
    await runner.query('CREATE INDEX account_created_at_idx ON auth.account (created_at, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX auth.account_created_at_idx');
    await runner.query('ALTER TABLE auth.tier DROP COLUMN deleted_at');
    await runner.query('ALTER TABLE auth.audit_event DISABLE TRIGGER USER');
    for (const table of WITH_SYSTEM_ROWS) {
      await runner.query("SELECT set_config('app.project_id', 'system', true)");
      await runner.query(`DELETE FROM auth.${table} WHERE project_id = 'system'`);
      const check = table === 'idempotency_key' ? 'DEFERRABLE INITIALLY DEFERRED' : '';
      await runner.query(`
        ALTER TABLE auth.${table} ADD CONSTRAINT ${table}_project_id_fkey
          FOREIGN KEY (project_id) REFERENCES auth.project (id) ${check}`);
    }
    await runner.query('ALTER TABLE auth.audit_event ENABLE TRIGGER USER');
  }
}
