/** The files service: files and uploads of projects, encrypted in an object store. */
import 'reflect-metadata';
import { reencryptCommand } from '@xerotier/data-keys';
import { runService } from '@xerotier/service-host';
import { migrateCommand } from '@xerotier/service-host/database';
import { AppModule } from './app.module.ts';
import { createApplication } from './application.ts';
import { settings } from './config.ts';
import { dataKeys } from './data-keys.ts';
import { database } from './db/database.ts';

await runService({
  name: 'files',
  settings,
  module: AppModule,
  application: createApplication,
  commands: [migrateCommand(database), reencryptCommand({ dataKeys, settings, database })],
});
