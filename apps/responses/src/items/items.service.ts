import { Injectable } from '@nestjs/common';
import type { StoredItem } from '@xerotier/contracts/responses';
import { DataKeysService } from '@xerotier/data-keys';
import type { ItemKind } from '@xerotier/public-api/items';
import { open, seal } from '@xerotier/sealing';
import type { EncryptionContext } from '@xerotier/sealing';
import { createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { newItemId } from './item-id.ts';
import type { Item } from './item.entity.ts';
import { ItemsRepository } from './items.repository.ts';
import type { NewItem } from './items.repository.ts';

/** An item that gets its id when it is stored. */
export interface ItemToStore {
  readonly type: ItemKind;
  readonly [field: string]: unknown;
}

/** Stores items encrypted, and reads them. */
@Injectable()
export class ItemsService {
  constructor(
    private readonly items: ItemsRepository,
    private readonly dataKeys: DataKeysService,
  ) {}

  /** Creates items in a transaction of the project, with the ids that they have already, if any. @throws {AppError} `db.unavailable`. */
  async create(manager: EntityManager, projectId: string, items: readonly ItemToStore[]): Promise<StoredItem[]> {
    if (items.length === 0) return [];
    const prepared = await this.prepare(projectId, items);
    await this.items.insert(manager, prepared.rows);
    return prepared.items;
  }

  /** Returns the rows of items that are to be stored, and the items with their ids. @throws {AppError} `db.unavailable`. */
  async prepare(projectId: string, items: readonly ItemToStore[]): Promise<{ rows: NewItem[]; items: StoredItem[] }> {
    const key = await this.dataKeys.get(projectId);
    const prepared = items.map((item) => {
      const stored = { id: newItemId(item.type), ...item };
      const json = JSON.stringify(stored);
      const content = seal(key, json, contextOf(projectId, stored.id));
      const bytes = Buffer.byteLength(json);
      return {
        // As it is read later: without undefined fields.
        item: JSON.parse(json) as StoredItem,
        row: { projectId, id: stored.id, kind: item.type, content, bytes },
      };
    });
    return { rows: prepared.map(({ row }) => row), items: prepared.map(({ item }) => item) };
  }

  /** Returns those of the items that exist, by id. @throws {AppError} `db.unavailable`. */
  async find(manager: EntityManager, projectId: string, ids: readonly string[]): Promise<Map<string, StoredItem>> {
    return this.#opened(projectId, await this.items.find(manager, projectId, ids));
  }

  /** As `find`, in the order of the ids. @throws {AppError} `db.unavailable`. */
  async read(manager: EntityManager, projectId: string, ids: readonly string[]): Promise<StoredItem[]> {
    const found = await this.find(manager, projectId, ids);
    return ids.flatMap((id) => found.get(id) ?? []);
  }

  /** Decrypts rows, in their order. @throws {AppError} `db.unavailable`. */
  async open(projectId: string, rows: readonly Pick<Item, 'id' | 'content'>[]): Promise<StoredItem[]> {
    if (rows.length === 0) return [];
    const key = createSecretKey(await this.dataKeys.get(projectId));
    return rows.map((row) => openItem(key, projectId, row));
  }

  /** As `find`; they exist until the end of the transaction, so that it can refer to them. */
  async findAndKeep(
    manager: EntityManager,
    projectId: string,
    ids: readonly string[],
  ): Promise<Map<string, StoredItem>> {
    return this.#opened(projectId, await this.items.findAndKeep(manager, projectId, ids));
  }

  /** Deletes those of the items that nothing refers to. @throws {AppError} `db.unavailable`. */
  deleteUnneeded(manager: EntityManager, projectId: string, ids: readonly string[]): Promise<void> {
    return this.items.deleteUnneeded(manager, projectId, ids);
  }

  async #opened(projectId: string, rows: readonly Item[]): Promise<Map<string, StoredItem>> {
    return new Map((await this.open(projectId, rows)).map((item) => [item.id, item]));
  }
}

function openItem(key: KeyObject, projectId: string, { id, content }: Pick<Item, 'id' | 'content'>): StoredItem {
  return JSON.parse(open(key, content, contextOf(projectId, id)).toString('utf8')) as StoredItem;
}

/** The content of another item or project does not open with this context. */
function contextOf(projectId: string, id: string): EncryptionContext {
  return ['responses.item', projectId, id];
}
