/** One migrating process; a test starts several at once. Prints how many migrations it ran. */
import { createLogger } from '@xerotier/log';
import { migrateDatabase } from '../src/migrate.ts';
import { CreateSlowly1795132800000 } from './slow-migration.ts';

const log = createLogger({ service: 'test', destination: { write: (line) => void process.stderr.write(line) } });
const names = await migrateDatabase({
  url: process.argv[2] ?? '',
  schema: 'slow',
  applicationName: 'test',
  migrations: [CreateSlowly1795132800000],
  log,
});
process.stdout.write(String(names.length));
