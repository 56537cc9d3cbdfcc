/** The router: decides which worker takes which request, and when. */
import 'reflect-metadata';
import { runService } from '@xerotier/service-host';
import { migrateCommand } from '@xerotier/service-host/database';
import { AppModule } from './app.module.ts';
import { settings } from './config.ts';
import { database } from './db/database.ts';
import { seed } from './seed/seed.command.ts';

await runService({ name: 'router', settings, module: AppModule, commands: [migrateCommand(database), seed] });
