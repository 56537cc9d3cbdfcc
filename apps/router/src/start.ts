import { NestFactory } from '@nestjs/core';
import { isDatabaseReachable } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { Bus, connectBus } from '@xerotier/nats';
import type { RunningService } from '@xerotier/service';
import { AppModule } from './app.module.ts';
import type { RouterConfig } from './config.ts';
import { openRouterDatabase } from './db/database.ts';
import { PlacementHandlers } from './placement/placement.handlers.ts';

/** Every worker is heard within one heartbeat, which comes each second. */
const LEARN_MS = 1_100;

/** Opens what the service needs, listens to the fleet, and begins to answer. */
export async function start(config: RouterConfig, log: Logger): Promise<RunningService> {
  const database = await openRouterDatabase(config.database, log);
  const bus = new Bus(await connectBus({ url: config.nats.url, name: 'router', log }), { log });
  const module = AppModule.register({ config, log, database, bus });
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  const handlers = app.get(PlacementHandlers);
  await handlers.start(LEARN_MS);
  return {
    readiness: { database: () => isDatabaseReachable(database), nats: () => bus.connected },
    drain: () => handlers.stop(),
    close: async () => {
      await app.close();
      await bus.close();
      await database.destroy();
    },
  };
}
