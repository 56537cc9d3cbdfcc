import { AppError } from '@xerotier/errors';

export interface DeadlineOptions {
  /** Of the caller. */
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  readonly responseTimeoutMs: number;
}

/** The signal of an exchange, aborted by the caller or with `egress.timeout`. It must be ended. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #responseTimer: NodeJS.Timeout;
  readonly #callerSignal: AbortSignal | undefined;

  constructor({ signal, timeoutMs, responseTimeoutMs }: DeadlineOptions) {
    this.#timer = setTimeout(this.#expire, timeoutMs);
    this.#responseTimer = setTimeout(this.#expire, responseTimeoutMs);
    this.#callerSignal = signal;
    signal?.addEventListener('abort', this.#abort);
    if (signal?.aborted === true) this.#abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The response has begun. */
  responded(): void {
    clearTimeout(this.#responseTimer);
  }

  end(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#responseTimer);
    this.#callerSignal?.removeEventListener('abort', this.#abort);
  }

  readonly #expire = (): void => this.#controller.abort(new AppError('egress.timeout'));
  readonly #abort = (): void => this.#controller.abort(this.#callerSignal?.reason);
}
