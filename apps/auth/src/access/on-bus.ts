import type { Logger } from '@xerotier/log';
import { Bus, connectBus } from '@xerotier/nats';
import { setTimeout as delay } from 'node:timers/promises';

const PATIENCE_MS = 5_000;

/** What the work on the bus returns; undefined when NATS cannot be reached in time. A command is done in either case. */
export async function onBus<T>(url: string, log: Logger, work: (bus: Bus) => Promise<T>): Promise<T | undefined> {
  const working = (async () => {
    const bus = new Bus(await connectBus({ url, name: 'auth-command', log }), { log });
    try {
      return await work(bus);
    } finally {
      await bus.close();
    }
  })();
  return Promise.race([working, delay(PATIENCE_MS, undefined)]);
}
