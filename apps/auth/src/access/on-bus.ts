import type { Logger } from '@xerotier/log';
import { Bus, connectBus } from '@xerotier/nats';
import { setTimeout as delay } from 'node:timers/promises';

const TIMEOUT_MS = 5_000;

/**
 * Runs work on the bus and returns its result; undefined when NATS is not reachable in time, which must not fail a
 * command.
 */
export async function onBus<T>(url: string, log: Logger, work: (bus: Bus) => Promise<T>): Promise<T | undefined> {
  const working = (async () => {
    const bus = new Bus(await connectBus({ url, name: 'auth-command', log }), { log });
    try {
      return await work(bus);
    } finally {
      await bus.close();
    }
  })();
  return Promise.race([working, delay(TIMEOUT_MS, undefined)]);
}
