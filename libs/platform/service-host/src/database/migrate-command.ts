import { loadConfig } from '@xerotier/config';
import { databaseSettings, migrateDatabase } from '@xerotier/db';
import type { DatabaseDefinition } from '@xerotier/db';
import { UsageError } from '../commands/command.ts';
import type { Command } from '../commands/command.ts';

/** `migrate`: migrates the schema, regardless of `DATABASE_MIGRATE_ON_START`. Needs only the database. */
export function migrateCommand(definition: DatabaseDefinition): Command {
  return {
    name: 'migrate',
    usage: [{ call: 'migrate', does: 'migrates the database schema' }],
    run: async (args, { env, log }) => {
      if (args.length > 0) throw new UsageError('takes no arguments.');
      const { database } = loadConfig({ database: databaseSettings }, env);
      const names = await migrateDatabase({ ...definition, url: database.url, log });
      if (names.length === 0) log.info('database schema is up to date');
    },
  };
}
