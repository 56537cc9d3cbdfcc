/** The data key of each project: created when the project first stores something, cached once it was unwrapped. */
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { MasterKeys, newDataKey, UnknownMasterKeyError, UnsealError } from '@xerotier/sealing';
import type { EncryptionContext } from '@xerotier/sealing';
import { LOGGER } from '@xerotier/service-host';
import type { BeforeServing } from '@xerotier/service-host';
import { LRUCache } from 'lru-cache';
import type { DataKeyEntity } from './data-key.entity.ts';
import { DATA_KEYS_OPTIONS } from './data-keys-options.ts';
import type { DataKeysOptions } from './data-keys-options.ts';
import { DataKeysRepository } from './data-keys.repository.ts';

const CACHED_MAX = 10_000;
const REWRAP_BATCH_MAX = 500;

export interface RewrapReport {
  readonly renewed: number;
  /** Keys that still need another master key: those below, and what a process with the previous one has written meanwhile. */
  readonly remaining: number;
  /** The projects whose key no master key unwraps, or was modified; the rows are as they were. */
  readonly unreadable: readonly string[];
}

@Injectable()
export class DataKeysService implements BeforeServing {
  readonly #cache = new LRUCache<string, Buffer>({ max: CACHED_MAX });

  constructor(
    private readonly repository: DataKeysRepository,
    private readonly masterKeys: MasterKeys,
    @Inject(DATA_KEYS_OPTIONS) private readonly options: DataKeysOptions,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * Rewraps all keys of previous master keys under the current one.
   * @throws {Error} when there are keys under an unknown master key, so that a wrong key is detected at start, not on
   * the first read.
   */
  async beforeServing(): Promise<void> {
    const lost = await this.repository.countOthers(this.masterKeys.ids);
    if (lost > 0) {
      const { masterKey } = this.options;
      throw new Error(
        `The data keys of ${lost} project(s) are encrypted with another master key: set it as ${masterKey}, or as ${masterKey}_PREVIOUS together with the new one.`,
      );
    }
    const { renewed, unreadable } = await this.rewrapKeys();
    if (renewed > 0) this.log.info('data keys rewrapped', { keys: renewed });
    if (unreadable.length > 0)
      throw new Error(`The data keys of these projects were modified: ${unreadable.join(', ')}.`);
  }

  /**
   * Rewraps the keys of previous master keys under the current one; what is encrypted with them stays as it is. It may run beside the
   * service and end at any moment: what is left to do is in the rows themselves.
   * @throws {AppError} `db.unavailable`; what has been rewrapped remains so.
   */
  async rewrapKeys(): Promise<RewrapReport> {
    const unreadable: string[] = [];
    let renewed = 0;
    let after = '';
    for (;;) {
      const rows = await this.repository.listOthers(this.masterKeys.currentId, after, REWRAP_BATCH_MAX);
      for (const row of rows) {
        const key = this.#unwrapIfPossible(row);
        if (key === undefined) unreadable.push(row.projectId);
        else if (await this.repository.rewrap(row, this.masterKeys.wrap(key, this.#contextOf(row.projectId))))
          renewed += 1;
      }
      after = rows.at(-1)?.projectId ?? '';
      if (rows.length < REWRAP_BATCH_MAX) break;
    }
    const remaining = await this.repository.countOthers([this.masterKeys.currentId]);
    return { renewed, remaining, unreadable };
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
    await this.repository.insertIfMissing(projectId, this.masterKeys.wrap(newDataKey(), this.#contextOf(projectId)));
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

  #unwrapIfPossible(row: DataKeyEntity): Buffer | undefined {
    try {
      return this.#unwrap(row);
    } catch (error) {
      if (error instanceof UnknownMasterKeyError || error instanceof UnsealError) return undefined;
      throw error;
    }
  }

  #unwrap(row: DataKeyEntity): Buffer {
    return this.masterKeys.unwrap(row, this.#contextOf(row.projectId));
  }

  #contextOf(projectId: string): EncryptionContext {
    return dataKeyContext(this.options.schema, projectId);
  }
}

/** What a wrapped data key belongs to. */
export function dataKeyContext(schema: string, projectId: string): EncryptionContext {
  return [`${schema}.data_key`, projectId];
}
