export { databaseSettings } from './database-settings.ts';
export type { DatabaseDefinition, DatabaseTarget, EntityClass, MigrationClass } from './data-source-options.ts';
export {
  CheckViolation,
  ConstraintViolation,
  ForeignKeyViolation,
  isUnavailability,
  translateDbError,
  UniqueViolation,
  isRejectedData,
  withDbErrors,
} from './db-errors.ts';
export type { ConstraintErrors } from './db-errors.ts';
export { listPage } from './list-page.ts';
export type { PageRequest } from './list-page.ts';
export { keysetPage } from './keyset-page.ts';
export { assertSchemaName, migrateDatabase } from './migrate.ts';
export type { MigrateOptions } from './migrate.ts';
export { isDatabaseReachable, openDatabase } from './open-database.ts';
export type { OpenOptions } from './open-database.ts';
export { SnakeCaseNamingStrategy } from './snake-case-naming-strategy.ts';
export {
  disableTenantIsolation,
  enableTenantIsolation,
  seeingEveryTenant,
  withEveryTenant,
  withTenant,
} from './tenant-isolation.ts';
export type { TenantTable } from './tenant-isolation.ts';
