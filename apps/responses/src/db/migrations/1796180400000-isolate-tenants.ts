import { disableTenantIsolation, enableTenantIsolation } from '@xerotier/db';
import type { TenantTable } from '@xerotier/db';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const schema = 'responses';
const TABLES: readonly TenantTable[] = [
  // A rotation of the master key wraps the keys of all projects anew.
  { schema, table: 'data_key', forPlatform: true },
  { schema, table: 'completion' },
];

/** From here on, a query sees the rows of one project. */
export class IsolateTenants1796180400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await enableTenantIsolation(runner, table);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await disableTenantIsolation(runner, table);
  }
}
