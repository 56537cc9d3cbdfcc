/** The data key of each project: created when the project first stores something, cached once it was unwrapped. */
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { MasterKeys, newDataKey } from '@xerotier/sealing';
import type { EncryptionContext } from '@xerotier/sealing';
import { LOGGER } from '@xerotier/service-host';
import type { BeforeServing } from '@xerotier/service-host';
import { LRUCache } from 'lru-cache';
import type { DataKeyEntity } from './data-key.entity.ts';
import { DataKeysRepository } from './data-keys.repository.ts';

const CACHED_MAX = 10_000;
const REWRAP_BATCH_MAX = 500;

@Injectable()
export class DataKeysService implements BeforeServing {
  readonly #cache = new LRUCache<string, Buffer>({ max: CACHED_MAX });

  constructor(
    private readonly repository: DataKeysRepository,
    private readonly masterKeys: MasterKeys,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  beforeServing(): Promise<void> {
    return this.rewrapKeys();
  }

  /**
   * Rewraps all keys of previous master keys under the current one.
   * @throws {Error} when there are keys under an unknown master key, so that a wrong key is detected at start, not on
   * the first read.
   */
  async rewrapKeys(): Promise<void> {
    const lost = await this.repository.countOthers(this.masterKeys.ids);
    if (lost > 0) {
      throw new Error(
        `The data keys of ${lost} project(s) are encrypted with another master key: set it as RESPONSES_MASTER_KEY, or as RESPONSES_MASTER_KEY_PREVIOUS together with the new one.`,
      );
    }
    let rewrapped = 0;
    for (;;) {
      const rows = await this.repository.listOthers(this.masterKeys.currentId, REWRAP_BATCH_MAX);
      if (rows.length === 0) break;
      for (const row of rows) {
        const key = this.#unwrap(row);
        await this.repository.rewrap(row.projectId, this.masterKeys.wrap(key, contextOf(row.projectId)));
      }
      rewrapped += rows.length;
    }
    if (rewrapped > 0) this.log.info('data keys rewrapped', { keys: rewrapped });
  }

  /** Returns the key of a project with stored data. @throws {AppError} `db.unavailable`. */
  async get(projectId: string): Promise<Buffer> {
    const known = this.#cache.get(projectId) ?? (await this.#find(projectId));
    if (known === undefined) throw new Error(`Project '${projectId}' has stored data, but no data key`);
    return known;
  }

  /** Returns the key of a project, and creates it if missing. @throws {AppError} `db.unavailable`. */
  async getOrCreate(projectId: string): Promise<Buffer> {
    const known = this.#cache.get(projectId) ?? (await this.#find(projectId));
    if (known !== undefined) return known;
    await this.repository.insertIfMissing(projectId, this.masterKeys.wrap(newDataKey(), contextOf(projectId)));
    // Read again: a concurrent insert may have been first.
    return this.get(projectId);
  }

  async #find(projectId: string): Promise<Buffer | undefined> {
    const row = await this.repository.findByProject(projectId);
    if (row === null) return undefined;
    const key = this.#unwrap(row);
    this.#cache.set(projectId, key);
    return key;
  }

  #unwrap(row: DataKeyEntity): Buffer {
    return this.masterKeys.unwrap(row, contextOf(row.projectId));
  }
}

function contextOf(projectId: string): EncryptionContext {
  return ['responses.data_key', projectId];
}
