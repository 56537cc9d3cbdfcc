/** The batch service: runs the requests of files, and loses none of them. */
import 'reflect-metadata';
import { reencryptCommand } from '@xerotier/data-keys';
import { runService } from '@xerotier/service-host';
import { migrateCommand } from '@xerotier/service-host/database';
import { AppModule } from './app.module.ts';
import { settings } from './config.ts';
import { dataKeys } from './data-keys.ts';
import { database } from './db/database.ts';

await runService({
  name: 'batch',
  settings,
  module: AppModule,
  commands: [migrateCommand(database), reencryptCommand({ dataKeys, settings, database })],
});
