/** The settings of every service with a database. */
import { boolean, integer, secret, setting, url } from '@xerotier/config';

export const databaseSettings = {
  url: secret(
    'DATABASE_URL',
    url('postgres', 'postgresql'),
    'URL of PostgreSQL with user, password and database, for example postgres://user:password@127.0.0.1:5432/xerotier. Each service uses its own schema, so all services can share one database. Migrations hold a session lock: with PgBouncer, use session pooling.',
  ),
  poolMax: setting(
    'DATABASE_POOL_MAX',
    integer({ min: 1, max: 1_000 }).default(10),
    'Maximum number of connections per process. Default 10. The total of all processes must stay below max_connections of PostgreSQL.',
  ),
  migrateOnStart: setting(
    'DATABASE_MIGRATE_ON_START',
    boolean.default(true),
    'true or false: whether a service migrates its schema when it starts. Default true. With false it does not start on an outdated schema until its subcommand `migrate` has run.',
  ),
} as const;
