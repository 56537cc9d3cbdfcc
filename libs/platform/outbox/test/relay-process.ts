/**
 * A relay in its own process, for a test that kills it. With `dies` it kills itself after its first confirmed publish,
 * before the commit.
 */
import { createLogger } from '@xerotier/log';
import { openDatabase } from '@xerotier/db';
import { connectBus } from '@xerotier/nats';
import { startOutboxRelay } from '../src/outbox-relay.ts';

const [databaseUrl = '', natsUrl = '', mode] = process.argv.slice(2);
const log = createLogger({ service: 'test', destination: { write: (line) => void process.stderr.write(line) } });
const database = await openDatabase({
  url: databaseUrl,
  schema: 'shop',
  applicationName: 'relay',
  entities: [],
  migrations: [],
  poolMax: 2,
  log,
});
const connection = await connectBus({ url: natsUrl, name: 'relay', log });
if (mode === 'dies') {
  const send = connection.requests.send.bind(connection.requests);
  connection.requests.send = async (...args) => {
    const reply = await send(...args);
    process.kill(process.pid, 'SIGKILL');
    return reply;
  };
}
startOutboxRelay({ database, connection, schema: 'shop', events: [], log, pollMs: 20, batchMax: 10 });
process.stdout.write('relaying\n');
