/** The responses service: stores chat completions that were created with `store: true`, encrypted. */
import 'reflect-metadata';
import { runService } from '@xerotier/service-host';
import { migrateCommand } from '@xerotier/service-host/database';
import { AppModule } from './app.module.ts';
import { settings } from './config.ts';
import { reencrypt } from './data-keys/reencrypt.command.ts';
import { database } from './db/database.ts';

await runService({ name: 'responses', settings, module: AppModule, commands: [migrateCommand(database), reencrypt] });
