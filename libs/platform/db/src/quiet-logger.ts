import type { Logger } from 'typeorm';

function nothing(): void {}

/**
 * TypeORM logs to the console by default, statements with their parameters included. Failures reach the log through
 * the errors that are thrown, which name no values.
 */
export const quietLogger: Logger = {
  logQuery: nothing,
  logQueryError: nothing,
  logQuerySlow: nothing,
  logSchemaBuild: nothing,
  logMigration: nothing,
  log: nothing,
};
