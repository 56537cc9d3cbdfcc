import { loadConfig } from '@xerotier/config';
import { databaseSettings, migrateDatabase } from '@xerotier/db';
import type { DatabaseDefinition } from '@xerotier/db';
import { UsageError } from '../commands/command.ts';
import type { Command } from '../commands/command.ts';

/** `migrate`: brings the schema up to date, whatever `DATABASE_MIGRATE_ON_START` says. Needs the database and nothing else. */
export function migrateCommand(definition: DatabaseDefinition): Command {
  return {
    name: 'migrate',
    usage: [{ call: 'migrate', does: 'brings the database schema up to date' }],
    run: async (args, { env, log }) => {
      if (args.length > 0) throw new UsageError('it takes no arguments.');
      const { database } = loadConfig({ database: databaseSettings }, env);
      const names = await migrateDatabase({ ...definition, url: database.url, log });
      if (names.length === 0) log.info('the database schema is up to date');
    },
  };
}
