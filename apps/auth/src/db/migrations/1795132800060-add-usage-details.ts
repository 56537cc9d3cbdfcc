import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a request said of itself: what it asked for within the tier of its endpoint (`service_tier`), so that it can be
 * priced, and whom it asked for (`user`), so that abuse can be followed. Null where it said nothing.
 */
export class AddUsageDetails1795132800060 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth.usage_event ADD COLUMN requested_service_tier text, ADD COLUMN end_user text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE auth.usage_event DROP COLUMN requested_service_tier, DROP COLUMN end_user');
  }
}
