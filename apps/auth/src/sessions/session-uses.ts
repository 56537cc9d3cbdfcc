import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { DataSource } from 'typeorm';
import { SessionsRepository } from './sessions.repository.ts';

const FLUSH_INTERVAL_MS = 60_000;
/** Beyond this, uses of further sessions are dropped until the next flush: the time of last use is informational. */
const SESSIONS_MAX = 100_000;

/** Records when sessions were last seen. Written once a minute in one statement instead of on every request. */
@Injectable()
export class SessionUses implements OnApplicationBootstrap, OnModuleDestroy {
  #seen = new Map<string, Date>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  record(sessionId: string, at = new Date()): void {
    if (this.#seen.size < SESSIONS_MAX || this.#seen.has(sessionId)) this.#seen.set(sessionId, at);
  }

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => void this.flush(), FLUSH_INTERVAL_MS).unref();
  }

  /** Runs after the drain, so that the last requests are included, while connections are still open. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  /** Writes the recorded times. Those that could not be written are kept for the next time. */
  async flush(): Promise<void> {
    if (this.#seen.size === 0) return;
    const seen = this.#seen;
    this.#seen = new Map();
    try {
      await new SessionsRepository(this.database.manager).recordSeen(seen);
    } catch (error) {
      for (const [id, at] of seen) if (!this.#seen.has(id)) this.record(id, at);
      this.log.warn('session usage update failed, retrying', { sessions: seen.size, error });
    }
  }
}
