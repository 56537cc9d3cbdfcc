import { disableTenantIsolation, enableTenantIsolation } from '@xerotier/db';
import type { TenantTable } from '@xerotier/db';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const schema = 'auth';
const TABLES: readonly TenantTable[] = [
  { schema, table: 'project', column: 'id', forPlatform: true },
  { schema, table: 'endpoint', forPlatform: true },
  { schema, table: 'api_key', forPlatform: true },
  { schema, table: 'usage_event', forPlatform: true },
  { schema, table: 'idempotency_key', forPlatform: true },
  { schema, table: 'audit_event', forPlatform: true },
  { schema, table: 'audit_head', forPlatform: true },
];

/** From here on, a query sees the rows of one project, or says that it needs those of all. */
export class IsolateTenants1795910400001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await enableTenantIsolation(runner, table);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await disableTenantIsolation(runner, table);
  }
}
