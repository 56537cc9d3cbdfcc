import type { LoggerService } from '@nestjs/common';
import type { Logger } from '@xerotier/log';

/**
 * Forwards warnings and errors of Nest itself, such as a hook that throws while the application closes. Its progress
 * messages are dropped.
 */
export class NestLogAdapter implements LoggerService {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  log(): void {}

  warn(message: unknown): void {
    this.#log.warn('nest warning', { reason: String(message) });
  }

  error(message: unknown): void {
    this.#log.error('nest error', { error: message instanceof Error ? message : String(message) });
  }
}
