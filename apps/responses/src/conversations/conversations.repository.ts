import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { listPage, withTenant } from '@xerotier/db';
import type { PageRequest } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import { DataSource, In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Item } from '../items/item.entity.ts';
import { pageOfItems } from '../items/page-of-items.ts';
import type { ListedItem } from '../items/page-of-items.ts';
import { ConversationItem } from './conversation-item.entity.ts';
import { Conversation } from './conversation.entity.ts';

/** TypeORM returns the rows and the count of an UPDATE and a DELETE. */
type Updated<Row> = [rows: Row[], count: number];

const COLUMNS = [
  { name: 'created_at', type: 'timestamptz' },
  { name: 'id', type: 'text' },
];

export type ConversationKey = Pick<Conversation, 'projectId' | 'id'>;

/** Returns one row more than requested, to determine whether there are more. */
function pageQuery(order: 'asc' | 'desc'): string {
  return `
  SELECT link.item_id AS "itemId", item.bytes FROM responses.conversation_item AS link
  JOIN responses.item AS item ON item.project_id = link.project_id AND item.id = link.item_id
  WHERE link.project_id = $1 AND link.conversation_id = $2
    AND ($3::bigint IS NULL OR position ${order === 'asc' ? '>' : '<'} $3)
  ORDER BY position ${order} LIMIT $4::integer + 1`;
}

const PAGE_QUERIES = { asc: pageQuery('asc'), desc: pageQuery('desc') } as const;

@Injectable()
export class ConversationsRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  transaction<T>(projectId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return withTenant(this.database, projectId, work);
  }

  async insert(
    manager: EntityManager,
    conversation: Pick<Conversation, 'projectId' | 'id' | 'metadata'>,
  ): Promise<Conversation> {
    await manager.insert(Conversation, conversation);
    const { projectId, id } = conversation;
    return manager.findOneByOrFail(Conversation, { projectId, id });
  }

  find(manager: EntityManager, { projectId, id }: ConversationKey): Promise<Conversation | null> {
    return manager.findOneBy(Conversation, { projectId, id });
  }

  /** Whoever changes the items of a conversation has it locked. */
  lock(manager: EntityManager, { projectId, id }: ConversationKey): Promise<Conversation | null> {
    return manager.findOne(Conversation, { where: { projectId, id }, lock: { mode: 'pessimistic_write' } });
  }

  list(projectId: string, page: PageRequest): Promise<{ rows: Conversation[]; hasMore: boolean }> {
    return withTenant(this.database, projectId, (manager) =>
      listPage(manager.getRepository(Conversation), { columns: COLUMNS, projectId }, page),
    );
  }

  async setMetadata(manager: EntityManager, { projectId, id }: ConversationKey, metadata: Buffer): Promise<void> {
    await manager.update(Conversation, { projectId, id }, { metadata });
  }

  /** Adds items to the end of a locked conversation, in their order. Returns how many it has then, and their bytes. */
  async append(
    manager: EntityManager,
    { projectId, id, nextPosition }: ConversationKey & Pick<Conversation, 'nextPosition'>,
    itemIds: readonly string[],
  ): Promise<{ items: number; bytes: number }> {
    await manager.query(
      `INSERT INTO responses.conversation_item (project_id, conversation_id, position, item_id)
       SELECT $1, $2, $3::bigint + at - 1, item_id FROM unnest($4::text[]) WITH ORDINALITY AS link (item_id, at)`,
      [projectId, id, nextPosition, itemIds],
    );
    const [rows] = await manager.query<Updated<{ items: number; bytes: string }>>(
      `UPDATE responses.conversation SET
         next_position = next_position + $3,
         items = items + $3,
         bytes = bytes + (SELECT sum(item.bytes) FROM responses.item WHERE project_id = $1 AND item.id = ANY($4))
       WHERE project_id = $1 AND id = $2 RETURNING items, bytes`,
      [projectId, id, itemIds.length, itemIds],
    );
    const [row] = rows;
    return { items: row?.items ?? 0, bytes: Number(row?.bytes) };
  }

  /** Returns those of the items that are in the conversation. */
  async linked(
    manager: EntityManager,
    { projectId, id }: ConversationKey,
    itemIds: readonly string[],
  ): Promise<string[]> {
    const links = await manager.findBy(ConversationItem, {
      projectId,
      conversationId: id,
      itemId: In([...itemIds]),
    });
    return links.map(({ itemId }) => itemId);
  }

  /**
   * Returns the items of a page, as many as fit into these bytes but at least one.
   * @throws {AppError} `list.unknown_cursor` for an item that is not in the conversation.
   */
  async listItems(
    manager: EntityManager,
    { projectId, id }: ConversationKey,
    { after, limit, order }: PageRequest,
    bytesMax: number,
  ): Promise<{ ids: string[]; hasMore: boolean }> {
    const position = after === undefined ? null : await this.#positionOf(manager, { projectId, id }, after);
    const found = await manager.query<ListedItem[]>(PAGE_QUERIES[order], [projectId, id, position, limit]);
    return pageOfItems(found, limit, bytesMax);
  }

  /** Returns all items of a conversation, in their order. */
  readAll(manager: EntityManager, { projectId, id }: ConversationKey): Promise<Pick<Item, 'id' | 'content'>[]> {
    return manager.query(
      `SELECT item.id, item.content FROM responses.conversation_item AS link
       JOIN responses.item AS item ON item.project_id = link.project_id AND item.id = link.item_id
       WHERE link.project_id = $1 AND link.conversation_id = $2 ORDER BY link.position`,
      [projectId, id],
    );
  }

  async #positionOf(manager: EntityManager, { projectId, id }: ConversationKey, itemId: string): Promise<string> {
    const link = await manager.findOneBy(ConversationItem, { projectId, conversationId: id, itemId });
    if (link === null) throw new AppError('list.unknown_cursor', { after: itemId }, { param: 'after' });
    return link.position;
  }

  /** Takes an item out of a locked conversation. Returns whether it was in it. */
  async unlink(manager: EntityManager, { projectId, id }: ConversationKey, itemId: string): Promise<boolean> {
    const { affected } = await manager.delete(ConversationItem, { projectId, conversationId: id, itemId });
    if (affected !== 1) return false;
    await manager.query(
      `UPDATE responses.conversation SET
         items = items - 1,
         bytes = bytes - (SELECT item.bytes FROM responses.item WHERE project_id = $1 AND item.id = $3)
       WHERE project_id = $1 AND id = $2`,
      [projectId, id, itemId],
    );
    return true;
  }

  /** Deletes a locked conversation. Returns the items that were in it. */
  async delete(manager: EntityManager, { projectId, id }: ConversationKey): Promise<string[]> {
    const [links] = await manager.query<Updated<{ itemId: string }>>(
      `DELETE FROM responses.conversation_item WHERE project_id = $1 AND conversation_id = $2
       RETURNING item_id AS "itemId"`,
      [projectId, id],
    );
    await manager.delete(Conversation, { projectId, id });
    return links.map(({ itemId }) => itemId);
  }
}
