import type { LoggerService } from '@nestjs/common';
import type { Logger } from '@xerotier/log';

/**
 * Forwards warnings and errors of Nest itself, such as a hook that throws while the application closes. Its progress
 * messages are dropped.
 */
export class NestLogAdapter implements LoggerService {
  readonly #log: Logger;
  #errors = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Number of errors that Nest has logged. */
  get errors(): number {
    return this.#errors;
  }

  log(): void {}

  warn(message: unknown): void {
    this.#log.warn('nest warning', { reason: String(message) });
  }

  error(message: unknown): void {
    this.#errors += 1;
    this.#log.error('nest error', { error: message instanceof Error ? message : String(message) });
  }
}
