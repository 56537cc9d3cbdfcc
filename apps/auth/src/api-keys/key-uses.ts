import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withEveryTenant } from '@xerotier/db';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { DataSource } from 'typeorm';
import { ApiKeysRepository } from './api-keys.repository.ts';

const FLUSH_INTERVAL_MS = 60_000;
/** Beyond this, uses of further keys are dropped until the next flush: the time of last use is informational. */
const KEYS_MAX = 100_000;

/** Records when keys were last used. Written once a minute in one statement instead of on every request. */
@Injectable()
export class KeyUses implements OnApplicationBootstrap, OnModuleDestroy {
  #uses = new Map<string, Date>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  record(keyId: string, at = new Date()): void {
    if (this.#uses.size < KEYS_MAX || this.#uses.has(keyId)) this.#uses.set(keyId, at);
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
      await withEveryTenant(this.database, (manager) => new ApiKeysRepository(manager).recordUses(uses));
    } catch (error) {
      for (const [keyId, at] of uses) if (!this.#uses.has(keyId)) this.record(keyId, at);
      this.log.warn('api key usage update failed, retrying', { keys: uses.size, error });
    }
  }
}
