import { Inject, Injectable } from '@nestjs/common';
import { projectsContract } from '@xerotier/contracts/auth';
import type { Logger } from '@xerotier/log';
import { Bus } from '@xerotier/nats';
import { LOGGER } from '@xerotier/service-host';
import { LRUCache } from 'lru-cache';

const CACHED_MAX = 10_000;
const FRESH_MS = 30_000;
/** For how long a quota is used while auth cannot tell it. */
const KNOWN_MS = 60 * 60 * 1_000;

/** How much each project may store, as auth tells it; a change applies within 30 seconds. */
@Injectable()
export class StorageQuotas {
  readonly #known = new LRUCache<string, { readonly bytesMax: number | null; readonly at: number }>({
    max: CACHED_MAX,
    ttl: KNOWN_MS,
  });

  constructor(
    private readonly bus: Bus,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Null is unlimited. @throws {AppError} of auth, if it was not known before. */
  async bytesMaxOf(projectId: string): Promise<number | null> {
    const known = this.#known.get(projectId);
    if (known !== undefined && performance.now() - known.at < FRESH_MS) return known.bytesMax;
    try {
      const { bytesMax } = await this.bus.call(projectsContract.operations.getStorageQuota, { projectId });
      this.#known.set(projectId, { bytesMax, at: performance.now() });
      return bytesMax;
    } catch (error) {
      if (known === undefined) throw error;
      this.log.warn('storage quota not renewed, using the last known one', { error });
      return known.bytesMax;
    }
  }
}
