import { NestFactory } from '@nestjs/core';
import { isDatabaseReachable } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { Bus, connectBus } from '@xerotier/nats';
import type { RunningProcess } from '@xerotier/process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { AppModule } from './app.module.ts';
import { CompletionsHandlers } from './completions/completions.handlers.ts';
import type { ResponsesConfig } from './config.ts';
import { DataKeysService } from './data-keys/data-keys.service.ts';
import { openResponsesDatabase } from './db/database.ts';

/**
 * Opens what the service needs, and begins to answer.
 * @throws {Error} when the database holds what the given master keys do not open.
 */
export async function start(config: ResponsesConfig, log: Logger): Promise<RunningProcess> {
  const database = await openResponsesDatabase(config.database, log);
  const name = `responses-${randomBytes(4).toString('hex')}`;
  const bus = new Bus(await connectBus({ url: config.nats.url, name, log }), { log });
  const module = AppModule.register({ config, log, database, bus });
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  const handlers = app.get(CompletionsHandlers);
  const close = async (): Promise<void> => {
    await app.close();
    await bus.close();
    await database.destroy();
  };
  try {
    await app.get(DataKeysService).adoptMasterKey();
  } catch (error) {
    await close();
    throw error;
  }
  handlers.serve();
  // Who is told that this service is up may ask it at once.
  await bus.flush();
  return {
    readiness: { database: () => isDatabaseReachable(database), nats: () => bus.connected },
    drain: async (signal) => {
      await Promise.race([handlers.stop(), once(signal, 'abort')]);
    },
    close,
  };
}
