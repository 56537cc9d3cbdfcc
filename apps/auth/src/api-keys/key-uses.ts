import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { ApiKeysRepository } from './api-keys.repository.ts';

const FLUSH_EVERY_MS = 60_000;
/** Beyond it, uses of further keys go unnoted until the next flush: the time of last use is for people, not for rules. */
const KEYS_MAX = 100_000;

/** When keys were last used, written to the database once a minute in one statement instead of at every request. */
@Injectable()
export class KeyUses implements OnApplicationBootstrap, OnModuleDestroy {
  #uses = new Map<string, Date>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly repository: ApiKeysRepository,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  note(keyId: string, at = new Date()): void {
    if (this.#uses.size < KEYS_MAX || this.#uses.has(keyId)) this.#uses.set(keyId, at);
  }

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => void this.flush(), FLUSH_EVERY_MS).unref();
  }

  /** After the drain, so that the last requests are in it; connections are still open. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  /** Writes what is noted. What could not be written is kept for the next time. */
  async flush(): Promise<void> {
    if (this.#uses.size === 0) return;
    const uses = this.#uses;
    this.#uses = new Map();
    try {
      await this.repository.noteUses(uses);
    } catch (error) {
      for (const [keyId, at] of uses) if (!this.#uses.has(keyId)) this.note(keyId, at);
      this.log.warn('the last use of API keys could not be noted yet', { keys: uses.size, error });
    }
  }
}
