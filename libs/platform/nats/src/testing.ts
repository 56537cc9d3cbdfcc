/** Buses for tests: each has its own connection, as if in its own process, and is closed after its test. */
import { silentLog } from '@xerotier/log/testing';
import { Bus } from './bus.ts';
import type { BusOptions } from './bus.ts';
import { connectBus } from './connection.ts';
import type { BusConnection } from './connection.ts';

export interface TestBus {
  readonly bus: Bus;
  readonly connection: BusConnection;
}

/** Call it at the top of a file: the returned function connects a bus that is closed after the test. */
export function testBuses(url: () => string): (options?: Partial<BusOptions>) => Promise<TestBus> {
  const open: Bus[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((bus) => bus.close()));
  });
  return async (options = {}) => {
    const log = options.log ?? silentLog();
    const connection = await connectBus({ url: url(), name: `test-${open.length}`, log });
    const bus = new Bus(connection, { ...options, log });
    open.push(bus);
    return { bus, connection };
  };
}
