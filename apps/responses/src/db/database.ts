/** What the responses service keeps in PostgreSQL. */
import type { ConfigOf } from '@xerotier/config';
import { migrateDatabase, openDatabase } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import type { DataSource } from 'typeorm';
import { CompletionEntity } from '../completions/completion.entity.ts';
import type { migrateSettings } from '../config.ts';
import { DataKeyEntity } from '../data-keys/data-key.entity.ts';
import { CreateCompletions1795132800000 } from './migrations/1795132800000-create-completions.ts';

type DatabaseConfig = ConfigOf<typeof migrateSettings>['database'];

const contents = {
  schema: 'responses',
  applicationName: 'responses',
  entities: [DataKeyEntity, CompletionEntity],
  // Append only.
  migrations: [CreateCompletions1795132800000],
};

/** Connects, and migrates unless the configuration says otherwise. */
export function openResponsesDatabase(config: DatabaseConfig, log: Logger): Promise<DataSource> {
  return openDatabase({ ...contents, ...config, log });
}

/** Brings the schema up to date, whatever the configuration says. Returns the names of what was run. */
export function migrateResponsesDatabase(config: DatabaseConfig, log: Logger): Promise<string[]> {
  return migrateDatabase({ ...contents, url: config.url, log });
}
