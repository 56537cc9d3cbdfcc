import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Item } from './item.entity.ts';

export type NewItem = Omit<Item, 'createdAt'>;

/** What refers to an item of the outer query, and keeps it. Whatever else will refer to items belongs here. */
const IS_NEEDED = `
  EXISTS (SELECT FROM responses.conversation_item AS link
          WHERE link.project_id = item.project_id AND link.item_id = item.id)
  OR EXISTS (SELECT FROM responses.response_item AS link
             WHERE link.project_id = item.project_id AND link.item_id = item.id)`;

/** The rows of items, for transactions of their project. */
@Injectable()
export class ItemsRepository {
  async insert(manager: EntityManager, items: readonly NewItem[]): Promise<void> {
    await manager.insert(Item, [...items]);
  }

  /** Returns those that exist, in any order. */
  find(manager: EntityManager, projectId: string, ids: readonly string[]): Promise<Item[]> {
    return manager.findBy(Item, { projectId, id: In([...ids]) });
  }

  /** Returns those that exist, by their ids. They exist until the end of the transaction. */
  findAndKeep(manager: EntityManager, projectId: string, ids: readonly string[]): Promise<Item[]> {
    const where = { projectId, id: In([...ids]) };
    return manager.find(Item, { where, order: { id: 'ASC' }, lock: { mode: 'for_key_share' } });
  }

  /** Deletes those of the items that nothing refers to. */
  async deleteUnneeded(manager: EntityManager, projectId: string, ids: readonly string[]): Promise<void> {
    // Waits for transactions that are about to refer to one: the next statement sees what they have committed.
    await manager.query('SELECT FROM responses.item WHERE project_id = $1 AND id = ANY($2) ORDER BY id FOR UPDATE', [
      projectId,
      ids,
    ]);
    await manager.query(
      `DELETE FROM responses.item AS item WHERE project_id = $1 AND id = ANY($2) AND NOT (${IS_NEEDED})`,
      [projectId, ids],
    );
  }
}
