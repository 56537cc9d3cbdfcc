import type { Logger } from 'typeorm';

function noop(): void {}

/**
 * TypeORM logs to the console by default, including statements and their parameters. Failures are logged through the
 * errors that are thrown, which contain no values.
 */
export const quietLogger: Logger = {
  logQuery: noop,
  logQueryError: noop,
  logQuerySlow: noop,
  logSchemaBuild: noop,
  logMigration: noop,
  log: noop,
};
