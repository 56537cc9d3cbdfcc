import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Logger } from '@xerotier/log';

export interface PeriodicTaskOptions {
  /** From the start of one run to the start of the next. A run that takes longer delays the next one. */
  readonly intervalMs: number;
  /** Default false: the first run starts after one interval. */
  readonly startsAtOnce?: boolean;
  /** Message of the warning about a run that failed; the next run retries. */
  readonly failure: string;
  /** Additional fields of that warning. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly log: Logger;
}

/**
 * Work that repeats while a service runs, one run at a time. The service waits for the current run before it closes its connections.
 * Unlike `@Interval` of @nestjs/schedule, runs do not overlap and are not cut off by a stop.
 */
export abstract class PeriodicTask implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #options: PeriodicTaskOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isStopping = false;

  constructor(options: PeriodicTaskOptions) {
    this.#options = options;
  }

  /** Long work returns early when `isStopping`. */
  protected abstract run(): Promise<unknown>;

  protected get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Starts no more runs. */
  protected stopRepeating(): void {
    clearInterval(this.#timer);
  }

  /** Runs, unless a run is in progress, and resolves when it has ended. A failure is logged. */
  protected runNow(): Promise<void> {
    this.#running ??= this.#runLogged().finally(() => (this.#running = undefined));
    return this.#running;
  }

  onApplicationBootstrap(): void {
    const { intervalMs, startsAtOnce = false } = this.#options;
    if (startsAtOnce) void this.runNow();
    this.#timer = setInterval(() => void this.runNow(), intervalMs).unref();
  }

  /** While connections are still open. */
  async onModuleDestroy(): Promise<void> {
    this.#isStopping = true;
    this.stopRepeating();
    await this.#running;
  }

  async #runLogged(): Promise<void> {
    try {
      await this.run();
    } catch (error) {
      const { failure, fields, log } = this.#options;
      log.warn(failure, { ...fields, error });
    }
  }
}
