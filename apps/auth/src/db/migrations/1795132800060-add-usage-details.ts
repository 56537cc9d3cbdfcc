import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Optional fields of a request: the tier it requested within that of its endpoint (`service_tier`), for pricing, and
 * its end user (`user`), for abuse investigations. Null when absent.
 */
export class AddUsageDetails1795132800060 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth.usage_event ADD COLUMN requested_service_tier text, ADD COLUMN end_user text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth.usage_event DROP COLUMN requested_service_tier, DROP COLUMN end_user');
  }
}
