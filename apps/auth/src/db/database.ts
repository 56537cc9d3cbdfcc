/** What the auth service keeps in PostgreSQL. */
import type { ConfigOf } from '@xerotier/config';
import { migrateDatabase, openDatabase } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import type { DataSource } from 'typeorm';
import { ApiKeyEntity } from '../api-keys/api-key.entity.ts';
import type { migrateSettings } from '../config.ts';
import { EndpointEntity } from '../endpoints/endpoint.entity.ts';
import { ProjectEntity } from '../projects/project.entity.ts';
import { TeamEntity } from '../projects/team.entity.ts';
import { TierEntity } from '../tiers/tier.entity.ts';
import { CreateTiers1795132800000 } from './migrations/1795132800000-create-tiers.ts';
import { CreateTenants1795132800001 } from './migrations/1795132800001-create-tenants.ts';
import { CreateUsageLedger1795132800002 } from './migrations/1795132800002-create-usage-ledger.ts';
import { AddEndpointTask1795132800020 } from './migrations/1795132800020-add-endpoint-task.ts';
import { AddMediaTasks1795132800040 } from './migrations/1795132800040-add-media-tasks.ts';
import { AddUsageDetails1795132800060 } from './migrations/1795132800060-add-usage-details.ts';
import { KeepReplacedKeys1795132800080 } from './migrations/1795132800080-keep-replaced-keys.ts';

type DatabaseConfig = ConfigOf<typeof migrateSettings>['database'];

const contents = {
  schema: 'auth',
  applicationName: 'auth',
  entities: [TierEntity, TeamEntity, ProjectEntity, EndpointEntity, ApiKeyEntity],
  // Append only.
  migrations: [
    CreateTiers1795132800000,
    CreateTenants1795132800001,
    CreateUsageLedger1795132800002,
    AddEndpointTask1795132800020,
    AddMediaTasks1795132800040,
    AddUsageDetails1795132800060,
    KeepReplacedKeys1795132800080,
  ],
};

/** Connects, and migrates unless the configuration says otherwise. */
export function openAuthDatabase(config: DatabaseConfig, log: Logger): Promise<DataSource> {
  return openDatabase({ ...contents, ...config, log });
}

/** Brings the schema up to date, whatever the configuration says. Returns the names of what was run. */
export function migrateAuthDatabase(config: DatabaseConfig, log: Logger): Promise<string[]> {
  return migrateDatabase({ ...contents, url: config.url, log });
}
