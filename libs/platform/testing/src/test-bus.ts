/** Buses for tests: each as its own connection, as if in its own process, all closed after each test. */
import { createLogger } from '@xerotier/log';
import type { Logger } from '@xerotier/log';
import { Bus, connectBus } from '@xerotier/nats';
import type { BusConnection, BusOptions } from '@xerotier/nats';
import { Writable } from 'node:stream';

export interface TestBus {
  readonly bus: Bus;
  readonly connection: BusConnection;
}

/** Call it at the top of a file: the returned function connects a bus that ends with its test. */
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

export function silentLog(): Logger {
  return createLogger({ service: 'test', level: 'silent' });
}

/** A logger and the lines that it wrote, as parsed objects. */
export function capturedLog(): { log: Logger; lines: () => Record<string, unknown>[]; text: () => string } {
  const chunks: string[] = [];
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk.toString());
      done();
    },
  });
  return {
    log: createLogger({ service: 'test', level: 'debug', destination }),
    text: () => chunks.join(''),
    lines: () =>
      chunks
        .join('')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}
