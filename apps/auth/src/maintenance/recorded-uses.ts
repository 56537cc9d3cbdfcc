import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Logger } from '@xerotier/log';

const FLUSH_INTERVAL_MS = 60_000;
/** Beyond this, uses of further ids are dropped until the next flush: the time of last use is informational. */
const IDS_MAX = 100_000;

/** Records when something was last used. Written once a minute in one statement instead of on every request. */
export abstract class RecordedUses implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #what: string;
  readonly #log: Logger;
  #uses = new Map<string, Date>();
  #timer: NodeJS.Timeout | undefined;

  /** @param what is used, for the log. */
  constructor(what: string, log: Logger) {
    this.#what = what;
    this.#log = log;
  }

  protected abstract write(uses: ReadonlyMap<string, Date>): Promise<void>;

  record(id: string, at = new Date()): void {
    if (this.#uses.size < IDS_MAX || this.#uses.has(id)) this.#uses.set(id, at);
  }

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => void this.flush(), FLUSH_INTERVAL_MS).unref();
  }

  /** Runs after the drain, so that the last requests are included, while connections are still open. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  /** Writes the recorded uses. Uses that could not be written are kept for the next time. */
  async flush(): Promise<void> {
    if (this.#uses.size === 0) return;
    const uses = this.#uses;
    this.#uses = new Map();
    try {
      await this.write(uses);
    } catch (error) {
      for (const [id, at] of uses) if (!this.#uses.has(id)) this.record(id, at);
      this.#log.warn(`${this.#what} usage update failed, retrying`, { ids: uses.size, error });
    }
  }
}
