/** The auth service: authorization and the usage ledger. */
import 'reflect-metadata';
import { runService } from '@xerotier/service-host';
import { migrateCommand } from '@xerotier/service-host/database';
import { audit } from './audit/audit.command.ts';
import { keys } from './api-keys/keys.command.ts';
import { AppModule } from './app.module.ts';
import { bootstrap } from './bootstrap/bootstrap.command.ts';
import { settings } from './config.ts';
import { database } from './db/database.ts';
import { prices } from './tiers/prices.command.ts';
import { usage } from './usage/usage.command.ts';
import { reencrypt } from './reencryption/reencrypt.command.ts';
import { seed } from './seed/seed.command.ts';
import { ledger } from './usage-reports/ledger.command.ts';

await runService({
  name: 'auth',
  settings,
  module: AppModule,
  commands: [migrateCommand(database), seed, keys, prices, usage, ledger, audit, bootstrap, reencrypt],
});
