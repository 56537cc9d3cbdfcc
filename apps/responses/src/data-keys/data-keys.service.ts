/** The key of each project: made when the project stores something for the first time, remembered once it was unwrapped. */
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { MasterKeys, newDataKey } from '@xerotier/sealing';
import type { Place } from '@xerotier/sealing';
import { LOGGER } from '@xerotier/service-host';
import type { BeforeServing } from '@xerotier/service-host';
import { LRUCache } from 'lru-cache';
import type { DataKeyEntity } from './data-key.entity.ts';
import { DataKeysRepository } from './data-keys.repository.ts';

const REMEMBERED_MAX = 10_000;
const ADOPTED_TOGETHER_MAX = 500;

@Injectable()
export class DataKeysService implements BeforeServing {
  readonly #remembered = new LRUCache<string, Buffer>({ max: REMEMBERED_MAX });

  constructor(
    private readonly repository: DataKeysRepository,
    private readonly masterKeys: MasterKeys,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  beforeServing(): Promise<void> {
    return this.adoptMasterKey();
  }

  /**
   * Wraps every key that is under an older master key under the current one.
   * @throws {Error} when there are keys under a master key that was not given: whoever started with a wrong one learns it
   * now, and not from the first project that wants to read.
   */
  async adoptMasterKey(): Promise<void> {
    const lost = await this.repository.countOthers(this.masterKeys.ids);
    if (lost > 0) {
      throw new Error(
        `The keys of ${lost} project(s) are encrypted with another master key: give it as RESPONSES_MASTER_KEY, or as RESPONSES_MASTER_KEY_PREVIOUS beside the new one.`,
      );
    }
    let adopted = 0;
    for (;;) {
      const rows = await this.repository.listOthers(this.masterKeys.currentId, ADOPTED_TOGETHER_MAX);
      if (rows.length === 0) break;
      for (const row of rows) {
        const key = this.#unwrap(row);
        await this.repository.rewrap(row.projectId, this.masterKeys.wrap(key, placeOf(row.projectId)));
      }
      adopted += rows.length;
    }
    if (adopted > 0) this.log.info('keys were moved to the current master key', { keys: adopted });
  }

  /** The key of a project that has stored something. @throws {AppError} `db.unavailable`. */
  async get(projectId: string): Promise<Buffer> {
    const known = this.#remembered.get(projectId) ?? (await this.#find(projectId));
    if (known === undefined) throw new Error(`the project ${projectId} has no key, but something stored`);
    return known;
  }

  /** The key of a project, a new one when it has none. @throws {AppError} `db.unavailable`. */
  async getOrCreate(projectId: string): Promise<Buffer> {
    const known = this.#remembered.get(projectId) ?? (await this.#find(projectId));
    if (known !== undefined) return known;
    await this.repository.insertIfMissing(projectId, this.masterKeys.wrap(newDataKey(), placeOf(projectId)));
    // Read again: somebody else's may have been there first.
    return this.get(projectId);
  }

  async #find(projectId: string): Promise<Buffer | undefined> {
    const row = await this.repository.findByProject(projectId);
    if (row === null) return undefined;
    const key = this.#unwrap(row);
    this.#remembered.set(projectId, key);
    return key;
  }

  #unwrap(row: DataKeyEntity): Buffer {
    return this.masterKeys.unwrap(row, placeOf(row.projectId));
  }
}

function placeOf(projectId: string): Place {
  return ['responses.data_key', projectId];
}
