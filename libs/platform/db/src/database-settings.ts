/** The settings that every service with a database has. */
import { boolean, integer, secret, setting, url } from '@xerotier/config';

export const databaseSettings = {
  url: secret(
    'DATABASE_URL',
    url('postgres', 'postgresql'),
    'Where PostgreSQL listens, with user, password and database, for example postgres://user:password@127.0.0.1:5432/xerotier. Each service keeps to a schema of its own, so all may share one database. Migrations hold a session lock: through PgBouncer, use session pooling.',
  ),
  poolMax: setting(
    'DATABASE_POOL_MAX',
    integer({ min: 1, max: 1_000 }).default(10),
    'Connections that one process may hold. Default 10. All processes together must stay below max_connections of PostgreSQL.',
  ),
  migrateOnStart: setting(
    'DATABASE_MIGRATE_ON_START',
    boolean.default(true),
    'true or false: whether a service brings its schema up to date when it starts. Default true. With false it refuses to start on an older schema until its subcommand `migrate` has run.',
  ),
} as const;
