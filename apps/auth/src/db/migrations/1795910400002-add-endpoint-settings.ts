import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What an endpoint has besides model, tier and task, and how many a tier allows. */
export class AddEndpointSettings1795910400002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE auth.endpoint
        ADD COLUMN status text NOT NULL DEFAULT 'active',
        ADD COLUMN defaults jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN target_time_to_first_token_ms integer,
        ADD COLUMN target_time_per_output_token_ms integer,
        ADD COLUMN deleted_at timestamptz,
        ADD CONSTRAINT endpoint_status_check CHECK (status IN ('active', 'paused'))`);
    await runner.query(`
      ALTER TABLE auth.tier
        ADD COLUMN endpoints_max integer,
        ADD CONSTRAINT tier_endpoints_max_check CHECK (endpoints_max > 0)`);
    await runner.query("UPDATE auth.tier SET endpoints_max = 2 WHERE slug = 'free'");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth.tier DROP COLUMN endpoints_max');
    await runner.query(`
      ALTER TABLE auth.endpoint
        DROP COLUMN status,
        DROP COLUMN defaults,
        DROP COLUMN target_time_to_first_token_ms,
        DROP COLUMN target_time_per_output_token_ms,
        DROP COLUMN deleted_at`);
  }
}
