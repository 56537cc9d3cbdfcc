export { DatabaseModule } from './database.module.ts';
export type { DatabaseDefinition, EntityClass } from '@xerotier/db';
export { migrateCommand } from './migrate-command.ts';
export { PeriodicPurge } from './periodic-purge.ts';
export type { DeleteBatch } from './periodic-purge.ts';
export { SeedError, seedCommand } from './seed-command.ts';
export type { SeedCommandOptions } from './seed-command.ts';
