/** The responses service: stores conversations, and chat completions that were created with `store: true`, encrypted. */
import 'reflect-metadata';
import { reencryptCommand } from '@xerotier/data-keys';
import { runService } from '@xerotier/service-host';
import { migrateCommand } from '@xerotier/service-host/database';
import { AppModule } from './app.module.ts';
import { settings } from './config.ts';
import { dataKeys } from './data-keys.ts';
import { database } from './db/database.ts';

await runService({
  name: 'responses',
  settings,
  module: AppModule,
  commands: [migrateCommand(database), reencryptCommand({ dataKeys, settings, database })],
});
