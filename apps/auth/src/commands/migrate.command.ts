import { loadConfig } from '@xerotier/config';
import type { Logger } from '@xerotier/log';
import { migrateSettings } from '../config.ts';
import { migrateAuthDatabase } from '../db/database.ts';
import type { CommandIo } from './command-io.ts';
import { UsageError } from './command-io.ts';

export async function runMigrateCommand(args: readonly string[], io: CommandIo, log: Logger): Promise<void> {
  if (args.length > 0) throw new UsageError('it takes no arguments.');
  const config = loadConfig(migrateSettings, io.env);
  const names = await migrateAuthDatabase(config.database, log);
  if (names.length === 0) log.info('the database schema is up to date');
}
