import { NestFactory } from '@nestjs/core';
import { isDatabaseReachable } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { Bus, connectBus } from '@xerotier/nats';
import type { RunningProcess } from '@xerotier/process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { AccessHandlers } from './access/access.handlers.ts';
import { KeyUses } from './api-keys/key-uses.ts';
import { AppModule } from './app.module.ts';
import type { AuthConfig } from './config.ts';
import { openAuthDatabase } from './db/database.ts';
import { UsageConsumer } from './usage/usage.consumer.ts';

/** Opens what the service needs, and begins to answer. */
export async function start(config: AuthConfig, log: Logger): Promise<RunningProcess> {
  const database = await openAuthDatabase(config.database, log);
  const connection = await connectBus({ url: config.nats.url, name: `auth-${randomBytes(4).toString('hex')}`, log });
  const bus = new Bus(connection, { log });
  const module = AppModule.register({ config, log, database, connection, bus });
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  const handlers = app.get(AccessHandlers);
  const usage = app.get(UsageConsumer);
  const keyUses = app.get(KeyUses);

  handlers.serve();
  keyUses.start();
  await usage.start();
  return {
    readiness: { database: () => isDatabaseReachable(database), nats: () => bus.connected },
    drain: async (signal) => {
      const finished = Promise.all([handlers.stop(), usage.stop()]).then(() => keyUses.stop());
      await Promise.race([finished, once(signal, 'abort')]);
    },
    close: async () => {
      await app.close();
      await bus.close();
      await database.destroy();
    },
  };
}
