import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Spend caps of keys and projects per month, in micro-units. Workers that a project runs itself limit their running requests
 * themselves, so that the tier does not.
 */
export class AddSpendCaps1796176800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of ['api_key', 'project'])
      await runner.query(`
        ALTER TABLE auth.${table} ADD COLUMN spend_cap_micros bigint
          CONSTRAINT ${table}_spend_cap_micros_check CHECK (spend_cap_micros >= 0)`);
    await runner.query("UPDATE auth.tier SET concurrency_max = NULL WHERE slug = 'self_hosted'");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("UPDATE auth.tier SET concurrency_max = 100 WHERE slug = 'self_hosted'");
    for (const table of ['api_key', 'project'])
      await runner.query(`ALTER TABLE auth.${table} DROP COLUMN spend_cap_micros`);
  }
}
