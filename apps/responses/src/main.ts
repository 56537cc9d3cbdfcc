/** Keeps chat completions that were asked for with `store: true`, unreadable for whoever has the database alone. */
import 'reflect-metadata';
import { runService } from '@xerotier/service-host';
import { migrateCommand } from '@xerotier/service-host/database';
import { AppModule } from './app.module.ts';
import { settings } from './config.ts';
import { database } from './db/database.ts';

await runService({ name: 'responses', settings, module: AppModule, commands: [migrateCommand(database)] });
