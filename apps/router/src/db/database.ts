/** What the router keeps in PostgreSQL. */
import type { ConfigOf } from '@xerotier/config';
import { migrateDatabase, openDatabase } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import type { DataSource } from 'typeorm';
import type { databaseOnlySettings } from '../config.ts';
import { ModelEntity } from '../models/model.entity.ts';
import { CreateModels1795132800000 } from './migrations/1795132800000-create-models.ts';
import { AllowUnknownContext1795910400000 } from './migrations/1795910400000-allow-unknown-context.ts';

type DatabaseConfig = ConfigOf<typeof databaseOnlySettings>['database'];

const contents = {
  schema: 'router',
  applicationName: 'router',
  entities: [ModelEntity],
  // Append only.
  migrations: [CreateModels1795132800000, AllowUnknownContext1795910400000],
};

/** Connects, and migrates unless the configuration says otherwise. */
export function openRouterDatabase(config: DatabaseConfig, log: Logger): Promise<DataSource> {
  return openDatabase({ ...contents, ...config, log });
}

/** Brings the schema up to date, whatever the configuration says. Returns the names of what was run. */
export function migrateRouterDatabase(config: DatabaseConfig, log: Logger): Promise<string[]> {
  return migrateDatabase({ ...contents, url: config.url, log });
}
