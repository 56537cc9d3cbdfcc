import type { Logger } from '@xerotier/log';
import { PeriodicTask } from '@xerotier/service-host';

const FLUSH_INTERVAL_MS = 60_000;
/** Beyond this, uses of further ids are dropped until the next flush: the time of last use is informational. */
const IDS_MAX = 100_000;

/** Records when something was last used. Written once a minute in one statement instead of on every request. */
export abstract class RecordedUses extends PeriodicTask {
  #uses = new Map<string, Date>();

  /** @param what is used, for the log. */
  constructor(what: string, log: Logger) {
    super({ intervalMs: FLUSH_INTERVAL_MS, failure: `${what} usage update failed, retrying`, log });
  }

  protected abstract write(uses: ReadonlyMap<string, Date>): Promise<void>;

  record(id: string, at = new Date()): void {
    if (this.#uses.size < IDS_MAX || this.#uses.has(id)) this.#uses.set(id, at);
  }

  /** Runs after the drain, so that the last requests are included. */
  override async onModuleDestroy(): Promise<void> {
    await super.onModuleDestroy();
    await this.flush();
  }

  /** Writes the recorded uses. Uses that could not be written are kept for the next time. */
  flush(): Promise<void> {
    return this.runNow();
  }

  protected override async run(): Promise<void> {
    if (this.#uses.size === 0) return;
    const uses = this.#uses;
    this.#uses = new Map();
    try {
      await this.write(uses);
    } catch (error) {
      for (const [id, at] of uses) if (!this.#uses.has(id)) this.record(id, at);
      throw error;
    }
  }
}
