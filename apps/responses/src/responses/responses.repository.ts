import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withTenant } from '@xerotier/db';
import type { PageRequest } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import type { ResponseStatus } from '@xerotier/public-api/responses';
import { DataSource, IsNull } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Item } from '../items/item.entity.ts';
import type { NewItem } from '../items/items.repository.ts';
import { pageOfItems } from '../items/page-of-items.ts';
import type { ListedItem } from '../items/page-of-items.ts';
import { ResponseEvent } from './response-event.entity.ts';
import { ResponseItem } from './response-item.entity.ts';
import { Response } from './response.entity.ts';

export type ResponseKey = Pick<Response, 'projectId' | 'id'>;
export interface ResponseEnding {
  readonly status: ResponseStatus;
  readonly outcome: Buffer;
  readonly endedAt: Date;
  readonly bytes: number;
}
export interface NewResponse extends Omit<Response, 'deletedAt' | 'leaseUntil'> {
  /** For how long it belongs to this process. Undefined for one that waits or has ended. */
  readonly leaseMs: number | undefined;
}

/** Items that are added to a response. */
export interface ItemsOfResponse {
  /** Those that are not stored yet. */
  readonly rows: readonly NewItem[];
  /** All, in their order. */
  readonly ids: readonly string[];
  /** Position of the first one. */
  readonly first: number;
  /** Those at a position from this one on are output. */
  readonly outputFrom: number;
}

/** An item of a context. */
export interface PlacedItem extends Pick<Item, 'id' | 'content'> {
  /** Whether it comes from the conversation before the chain. */
  readonly isOfConversation: boolean;
}

/** A deleted response has no content, and is part of the contexts of others only. */
const CONTEXT = `
  WITH RECURSIVE chain AS (
    SELECT id, previous_id, conversation_id, conversation_end, turns FROM responses.response
    WHERE project_id = $1 AND id = $2
    UNION ALL
    SELECT previous.id, previous.previous_id, previous.conversation_id, previous.conversation_end, previous.turns
    FROM responses.response AS previous JOIN chain ON previous.project_id = $1 AND previous.id = chain.previous_id
  ), placed AS (
    SELECT 0 AS turn, link.position, link.item_id, true AS of_conversation FROM chain
    JOIN responses.conversation_item AS link
      ON link.project_id = $1 AND link.conversation_id = chain.conversation_id AND link.position < chain.conversation_end
    UNION ALL
    SELECT chain.turns, link.position, link.item_id, false FROM chain
    JOIN responses.response_item AS link ON link.project_id = $1 AND link.response_id = chain.id
  )
  SELECT item.id, item.content, placed.of_conversation AS "isOfConversation" FROM placed
  JOIN responses.item AS item ON item.project_id = $1 AND item.id = placed.item_id
  ORDER BY placed.turn, placed.position`;

/** Returns one row more than requested, to determine whether there are more. */
function pageQuery(order: 'asc' | 'desc'): string {
  return `
  SELECT link.item_id AS "itemId", item.bytes FROM responses.response_item AS link
  JOIN responses.item AS item ON item.project_id = link.project_id AND item.id = link.item_id
  WHERE link.project_id = $1 AND link.response_id = $2 AND NOT link.is_output
    AND ($3::integer IS NULL OR link.position ${order === 'asc' ? '>' : '<'} $3)
  ORDER BY link.position ${order} LIMIT $4::integer + 1`;
}

const PAGE_QUERIES = { asc: pageQuery('asc'), desc: pageQuery('desc') } as const;

/** Parts of a statement that stores items and links them to a response. */
function addedItems(
  statement: Statement,
  { projectId, id }: ResponseKey,
  { rows, ids, first, outputFrom }: ItemsOfResponse,
  condition = 'true',
): string {
  const ofProject = statement.bind(projectId);
  const values = rows.map((row) => {
    const [itemId, kind, content, bytes] = [row.id, row.kind, row.content, row.bytes].map((value) =>
      statement.bind(value),
    );
    return `(${itemId}, ${kind}, ${content}::bytea, ${bytes}::integer)`;
  });
  // A statement sees no rows of its own other parts: foreign keys are checked at its end.
  const added = `added AS (
    INSERT INTO responses.item (project_id, id, kind, content, bytes)
    SELECT ${ofProject}, * FROM (VALUES ${values.join(', ')}) AS item (id, kind, content, bytes) WHERE ${condition}
  ), `;
  return `${values.length === 0 ? '' : added}linked AS (
    INSERT INTO responses.response_item (project_id, response_id, position, item_id, is_output)
    SELECT ${ofProject}, ${statement.bind(id)}, at - 1 + ${statement.bind(first)}::integer, item_id,
      at - 1 + ${statement.bind(first)}::integer >= ${statement.bind(outputFrom)}::integer
    FROM unnest(${statement.bind(ids)}::text[]) WITH ORDINALITY AS link (item_id, at) WHERE ${condition}
  )`;
}

/** The parameters of a statement that is put together. */
class Statement {
  readonly values: unknown[] = [];

  /** @returns the placeholder of a value. */
  bind(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** The rows of responses, for transactions of their project. */
@Injectable()
export class ResponsesRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  transaction<T>(projectId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return withTenant(this.database, projectId, work);
  }

  /** One statement, since a client waits. */
  async insert(manager: EntityManager, response: NewResponse, items: ItemsOfResponse): Promise<void> {
    const statement = new Statement();
    const { projectId, id, leaseMs } = response;
    const columns = {
      ...{ project_id: projectId, id, previous_id: response.previousId, conversation_id: response.conversationId },
      ...{ conversation_end: response.conversationEnd, turns: response.turns, bytes: response.bytes },
      ...{
        status: response.status,
        background: response.background,
        streamed: response.streamed,
        stored: response.stored,
      },
      ...{ job: response.job, content: response.content, outcome: response.outcome, fence: response.fence },
      ...{ created_at: response.createdAt, ended_at: response.endedAt },
    };
    const values = Object.values(columns).map((value) => statement.bind(value));
    // Leases are those of the clock of the database.
    const lease = leaseMs === undefined ? 'NULL' : `now() + make_interval(secs => ${statement.bind(leaseMs / 1_000)})`;
    await manager.query(
      `WITH ${addedItems(statement, { projectId, id }, items)}
       INSERT INTO responses.response (${Object.keys(columns).join(', ')}, lease_until)
       VALUES (${values.join(', ')}, ${lease})`,
      statement.values,
    );
  }

  find(manager: EntityManager, { projectId, id }: ResponseKey): Promise<Response | null> {
    return manager.findOneBy(Response, { projectId, id, deletedAt: IsNull() });
  }

  /** It exists until the end of the transaction, so that it can be continued from. */
  findAndKeep(manager: EntityManager, { projectId, id }: ResponseKey): Promise<Response | null> {
    return manager.findOne(Response, {
      where: { projectId, id, deletedAt: IsNull() },
      lock: { mode: 'for_key_share' },
    });
  }

  lock(manager: EntityManager, { projectId, id }: ResponseKey): Promise<Response | null> {
    return manager.findOne(Response, {
      where: { projectId, id, deletedAt: IsNull() },
      lock: { mode: 'pessimistic_write' },
    });
  }

  /** Returns the items of the whole chain that ends with a response, in their order. */
  readContext(manager: EntityManager, { projectId, id }: ResponseKey): Promise<PlacedItem[]> {
    return manager.query(CONTEXT, [projectId, id]);
  }

  /** Returns the items of one response, in their order. */
  readItems(manager: EntityManager, { projectId, id }: ResponseKey): Promise<PlacedItem[]> {
    return manager.query(
      `SELECT item.id, item.content, false AS "isOfConversation" FROM responses.response_item AS link
       JOIN responses.item AS item ON item.project_id = link.project_id AND item.id = link.item_id
       WHERE link.project_id = $1 AND link.response_id = $2 ORDER BY link.position`,
      [projectId, id],
    );
  }

  /** Ends a response that has not ended yet, with items that have these bytes. Returns whether it did. */
  async end(
    manager: EntityManager,
    { projectId, id, fence }: ResponseKey & Pick<Response, 'fence'>,
    { status, outcome, endedAt, bytes }: ResponseEnding,
    items: ItemsOfResponse,
  ): Promise<boolean> {
    const statement = new Statement();
    const [of, is, as] = [projectId, id, fence].map((value) => statement.bind(value));
    const rows = await manager.query<unknown[]>(
      `WITH ended AS (
         UPDATE responses.response
         SET status = ${statement.bind(status)}, outcome = ${statement.bind(outcome)}, ended_at = ${statement.bind(endedAt)},
           bytes = bytes + ${statement.bind(bytes)}, job = NULL, lease_until = NULL
         WHERE project_id = ${of} AND id = ${is} AND fence = ${as}
           AND status IN ('queued', 'in_progress') AND deleted_at IS NULL
         RETURNING id
       ), ${addedItems(statement, { projectId, id }, items, 'EXISTS (SELECT FROM ended)')}
       SELECT FROM ended`,
      statement.values,
    );
    return rows.length === 1;
  }

  /** Returns the ids of the items of a response, in their order. */
  async itemIds(
    manager: EntityManager,
    { projectId, id }: ResponseKey,
    where: { isOutput?: boolean } = {},
  ): Promise<string[]> {
    const links = await manager.find(ResponseItem, {
      where: { projectId, responseId: id, ...where },
      order: { position: 'ASC' },
    });
    return links.map(({ itemId }) => itemId);
  }

  /**
   * Returns the items of a page of its input, as many as fit into these bytes but at least one.
   * @throws {AppError} `list.unknown_cursor` for an item that is not in the input.
   */
  async listInput(
    manager: EntityManager,
    { projectId, id }: ResponseKey,
    { after, limit, order }: PageRequest,
    bytesMax: number,
  ): Promise<{ ids: string[]; hasMore: boolean }> {
    const position = after === undefined ? null : await this.#positionOf(manager, { projectId, id }, after);
    const found = await manager.query<ListedItem[]>(PAGE_QUERIES[order], [projectId, id, position, limit]);
    return pageOfItems(found, limit, bytesMax);
  }

  async #positionOf(manager: EntityManager, { projectId, id }: ResponseKey, itemId: string): Promise<number> {
    const link = await manager.findOneBy(ResponseItem, { projectId, responseId: id, itemId, isOutput: false });
    if (link === null) throw new AppError('list.unknown_cursor', { after: itemId }, { param: 'after' });
    return link.position;
  }

  /** Locks responses that are older than so many days, and returns their ids, the oldest first. Replicas do not wait for each other. */
  async lockOlder(manager: EntityManager, projectId: string, days: number, max: number): Promise<string[]> {
    const rows = await manager.query<{ id: string }[]>(
      `SELECT id FROM responses.response
       WHERE project_id = $1 AND created_at < now() - make_interval(days => $2) AND deleted_at IS NULL
         AND status NOT IN ('queued', 'in_progress')
       ORDER BY created_at LIMIT $3 FOR UPDATE SKIP LOCKED`,
      [projectId, days, max],
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Deletes a locked response, and the deleted ones before it that it has kept. One that others continue from loses its content
   * only. Returns the items that they had.
   */
  async delete(manager: EntityManager, { projectId, id }: ResponseKey): Promise<string[]> {
    await manager.query(
      `UPDATE responses.response SET content = NULL, job = NULL, outcome = NULL, lease_until = NULL, deleted_at = now()
       WHERE project_id = $1 AND id = $2`,
      [projectId, id],
    );
    await manager.delete(ResponseEvent, { projectId, responseId: id });
    const itemIds: string[] = [];
    let next: string | null = id;
    while (next !== null) {
      const [removed, previousId] = await this.#removeUnneeded(manager, { projectId, id: next });
      itemIds.push(...removed);
      next = previousId;
    }
    return itemIds;
  }

  /** Removes a deleted response that nothing continues from. Returns its items, and the response before it. */
  async #removeUnneeded(manager: EntityManager, { projectId, id }: ResponseKey): Promise<[string[], string | null]> {
    const [response] = await manager.query<{ previousId: string | null }[]>(
      `SELECT previous_id AS "previousId" FROM responses.response AS response
       WHERE project_id = $1 AND id = $2 AND deleted_at IS NOT NULL FOR UPDATE`,
      [projectId, id],
    );
    if (response === undefined) return [[], null];
    const [continued] = await manager.query<unknown[]>(
      'SELECT FROM responses.response WHERE project_id = $1 AND previous_id = $2 LIMIT 1',
      [projectId, id],
    );
    if (continued !== undefined) return [[], null];
    const [links] = await manager.query<[{ itemId: string }[], number]>(
      'DELETE FROM responses.response_item WHERE project_id = $1 AND response_id = $2 RETURNING item_id AS "itemId"',
      [projectId, id],
    );
    await manager.delete(Response, { projectId, id });
    return [links.map(({ itemId }) => itemId), response.previousId];
  }
}
