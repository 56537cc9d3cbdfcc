import { Injectable } from '@nestjs/common';
import type { conversationsContract, StoredConversation, StoredItem } from '@xerotier/contracts/responses';
import { DataKeysService } from '@xerotier/data-keys';
import { AppError, ensure } from '@xerotier/errors';
import { IdempotencyKeys } from '@xerotier/idempotency';
import type { Metadata } from '@xerotier/public-api/fields';
import { open, seal } from '@xerotier/sealing';
import type { EncryptionContext } from '@xerotier/sealing';
import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { ItemsService } from '../items/items.service.ts';
import { addProjectEvent } from '../project-events.ts';
import type { Conversation } from './conversation.entity.ts';
import { ConversationsRepository } from './conversations.repository.ts';
import type { ConversationKey } from './conversations.repository.ts';

type Operations = typeof conversationsContract.operations;
export type Input<Name extends keyof Operations> = z.output<Operations[Name]['input']>;

/** Of one conversation. */
export const ITEMS_MAX = 100_000;
export const BYTES_MAX = 1024 ** 3;

/** Of a page: items may be as large as a request. */
export const PAGE_BYTES_MAX = 4 * 1024 ** 2;

@Injectable()
export class ConversationsService {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly items: ItemsService,
    private readonly dataKeys: DataKeysService,
    private readonly idempotencyKeys: IdempotencyKeys,
  ) {}

  /**
   * Once per idempotency key.
   * @throws {AppError} `item.not_found`, `conversation.has_item`, `conversation.too_many_bytes`, `idempotency.key_reused`, `outbox.full`,
   * `db.unavailable`.
   */
  async create({ context, metadata, items }: Input<'create'>): Promise<StoredConversation> {
    const { projectId } = context;
    const key = await this.dataKeys.getOrCreate(projectId);
    const request = { context, operation: 'createConversation', input: { metadata, items } };
    return this.conversations.transaction(projectId, (manager) =>
      this.idempotencyKeys.once(manager, request, async () => {
        const id = `conv_${randomBytes(24).toString('hex')}`;
        const sealed = sealMetadata(key, { projectId, id }, metadata);
        const conversation = await this.conversations.insert(manager, { projectId, id, metadata: sealed });
        await this.#append(manager, conversation, items);
        await addProjectEvent(manager, 'conversation.created', projectId, id);
        return { id, metadata, createdAt: conversation.createdAt.getTime() };
      }),
    );
  }

  /** @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  async list({ projectId, ...page }: Input<'list'>): Promise<{ data: StoredConversation[]; hasMore: boolean }> {
    const { rows, hasMore } = await this.conversations.list(projectId, page);
    return { data: await Promise.all(rows.map((row) => this.#storedOf(row))), hasMore };
  }

  /** @throws {AppError} `conversation.not_found`, `db.unavailable`. */
  async get(input: Input<'get'>): Promise<StoredConversation> {
    return this.#storedOf(
      await this.conversations.transaction(input.projectId, (manager) => this.#get(manager, input)),
    );
  }

  /** Replaces the metadata. @throws {AppError} `conversation.not_found`, `db.unavailable`. */
  async update({ metadata, ...conversation }: Input<'update'>): Promise<StoredConversation> {
    const { projectId } = conversation;
    return this.conversations.transaction(projectId, async (manager) => {
      const { id, createdAt } = await this.#lock(manager, conversation);
      const sealed = sealMetadata(await this.dataKeys.get(projectId), conversation, metadata);
      await this.conversations.setMetadata(manager, conversation, sealed);
      return { id, metadata, createdAt: createdAt.getTime() };
    });
  }

  /** Deletes its items too, if nothing else needs them. @throws {AppError} `conversation.not_found`, `outbox.full`, `db.unavailable`. */
  async delete(conversation: Input<'delete'>): Promise<void> {
    const { projectId, id } = conversation;
    await this.conversations.transaction(projectId, async (manager) => {
      await this.#lock(manager, conversation);
      const itemIds = await this.conversations.delete(manager, conversation);
      await this.items.deleteUnneeded(manager, projectId, itemIds);
      await addProjectEvent(manager, 'conversation.deleted', projectId, id);
    });
  }

  /**
   * Adds items once per idempotency key, and returns them. For a repeated request, those are missing that were deleted since.
   * @throws {AppError} `conversation.not_found`, `item.not_found`, `conversation.has_item`, `conversation.too_many_items`,
   * `conversation.too_many_bytes`, `idempotency.key_reused`, `db.unavailable`.
   */
  async addItems({ context, conversationId, items }: Input<'addItems'>): Promise<StoredItem[]> {
    const { projectId } = context;
    const request = { context, operation: 'createConversationItems', input: { conversationId, items } };
    return this.conversations.transaction(projectId, async (manager) => {
      const conversation = await this.#lock(manager, { projectId, id: conversationId });
      let added: StoredItem[] | undefined;
      const ids = await this.idempotencyKeys.once(manager, request, async () => {
        added = await this.#append(manager, conversation, items);
        return added.map(({ id }) => id);
      });
      return added ?? this.items.read(manager, projectId, ids);
    });
  }

  /** Returns a conversation, for a transaction of its project. @throws {AppError} `db.unavailable`. */
  find(manager: EntityManager, key: ConversationKey): Promise<Conversation | null> {
    return this.conversations.find(manager, key);
  }

  /** Returns all items of a conversation, in their order. @throws {AppError} `db.unavailable`. */
  async readAll(manager: EntityManager, conversation: Conversation): Promise<StoredItem[]> {
    return this.items.open(conversation.projectId, await this.conversations.readAll(manager, conversation));
  }

  /** Adds items that are stored already to the end of a conversation, unless it was deleted or has them. */
  async addStored(manager: EntityManager, key: ConversationKey, itemIds: readonly string[]): Promise<void> {
    const conversation = await this.conversations.lock(manager, key);
    if (conversation === null) return;
    const known = new Set(await this.conversations.linked(manager, conversation, itemIds));
    const added = [...new Set(itemIds)].filter((id) => !known.has(id));
    if (added.length > 0) await this.conversations.append(manager, conversation, added);
  }

  /** @throws {AppError} `conversation.not_found`, `list.unknown_cursor`, `db.unavailable`. */
  async listItems(input: Input<'listItems'>): Promise<{ items: StoredItem[]; hasMore: boolean }> {
    const { projectId, conversationId: id, ...page } = input;
    return this.conversations.transaction(projectId, async (manager) => {
      const conversation = await this.#get(manager, { projectId, id });
      const { ids, hasMore } = await this.conversations.listItems(manager, conversation, page, PAGE_BYTES_MAX);
      return { items: await this.items.read(manager, projectId, ids), hasMore };
    });
  }

  /** @throws {AppError} `conversation.not_found`, `item.not_found`, `db.unavailable`. */
  async getItem({ projectId, conversationId, id }: Input<'getItem'>): Promise<StoredItem> {
    return this.conversations.transaction(projectId, async (manager) => {
      const conversation = await this.#get(manager, { projectId, id: conversationId });
      const [item] = await this.items.read(
        manager,
        projectId,
        await this.conversations.linked(manager, conversation, [id]),
      );
      return ensure(item, 'item.not_found', { item: id });
    });
  }

  /** Returns the conversation. @throws {AppError} `conversation.not_found`, `item.not_found`, `db.unavailable`. */
  async removeItem({ projectId, conversationId, id }: Input<'removeItem'>): Promise<StoredConversation> {
    return this.conversations.transaction(projectId, async (manager) => {
      const conversation = await this.#lock(manager, { projectId, id: conversationId });
      if (!(await this.conversations.unlink(manager, conversation, id)))
        throw new AppError('item.not_found', { item: id });
      await this.items.deleteUnneeded(manager, projectId, [id]);
      return this.#storedOf(conversation);
    });
  }

  async #get(manager: EntityManager, key: ConversationKey): Promise<Conversation> {
    const found = await this.conversations.find(manager, key);
    return ensure(found, 'conversation.not_found', { conversation: key.id });
  }

  async #lock(manager: EntityManager, key: ConversationKey): Promise<Conversation> {
    const found = await this.conversations.lock(manager, key);
    return ensure(found, 'conversation.not_found', { conversation: key.id });
  }

  /** Returns items in the order of their ids here. */
  /** Adds items to the end of a locked conversation; references become the items that they refer to. */
  async #append(
    manager: EntityManager,
    conversation: Conversation,
    items: readonly AddedItem[],
  ): Promise<StoredItem[]> {
    if (items.length === 0) return [];
    const referenced = await this.#referenced(manager, conversation, items);
    const created = await this.items.create(
      manager,
      conversation.projectId,
      items.filter((item) => !isReference(item)),
    );
    const next = created.values();
    const added = items.map((item) => (isReference(item) ? referenced.get(item.id) : next.next().value) as StoredItem);
    const ids = added.map(({ id }) => id);
    throwIfTooLarge(await this.conversations.append(manager, conversation, ids));
    return added;
  }

  async #referenced(
    manager: EntityManager,
    conversation: Conversation,
    items: readonly AddedItem[],
  ): Promise<Map<string, StoredItem>> {
    const ids = items.flatMap((item) => (isReference(item) ? [item.id] : []));
    if (ids.length === 0) return new Map();
    const found = await this.items.findAndKeep(manager, conversation.projectId, ids);
    const taken = new Set(await this.conversations.linked(manager, conversation, ids));
    for (const [at, item] of items.entries()) {
      if (!isReference(item)) continue;
      const param = `items[${at}].id`;
      if (!found.has(item.id)) throw new AppError('item.not_found', { item: item.id }, { param });
      if (taken.has(item.id)) throw new AppError('conversation.has_item', { item: item.id }, { param });
      taken.add(item.id);
    }
    return found;
  }

  async #storedOf({ projectId, id, metadata, createdAt }: Conversation): Promise<StoredConversation> {
    const opened = open(await this.dataKeys.get(projectId), metadata, metadataContext({ projectId, id }));
    return { id, metadata: JSON.parse(opened.toString('utf8')) as Metadata, createdAt: createdAt.getTime() };
  }
}

type AddedItem = Input<'addItems'>['items'][number];
type Reference = Extract<AddedItem, { type: 'item_reference' }>;

function isReference(item: AddedItem): item is Reference {
  return item.type === 'item_reference';
}

/** @throws {AppError} `conversation.too_many_items`, `conversation.too_many_bytes`. */
function throwIfTooLarge({ items, bytes }: { readonly items: number; readonly bytes: number }): void {
  if (items > ITEMS_MAX) throw new AppError('conversation.too_many_items', { max: ITEMS_MAX });
  if (bytes > BYTES_MAX) throw new AppError('conversation.too_many_bytes', { bytesMax: BYTES_MAX });
}

function sealMetadata(key: Buffer, conversation: ConversationKey, metadata: Metadata): Buffer {
  return seal(key, JSON.stringify(metadata), metadataContext(conversation));
}

/** The metadata of another conversation or project does not open with this context. */
function metadataContext({ projectId, id }: ConversationKey): EncryptionContext {
  return ['responses.conversation', 'metadata', projectId, id];
}
