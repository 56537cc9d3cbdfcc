/** Loggers for tests. */
import { Writable } from 'node:stream';
import { createLogger } from './logger.ts';
import type { Logger } from './logger.ts';

export function silentLog(): Logger {
  return createLogger({ service: 'test', level: 'silent' });
}

/** A logger and the lines it wrote, as parsed objects. */
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
