import { Injectable } from '@nestjs/common';
import type { storedResponsesContract, StoredItem } from '@xerotier/contracts/responses';
import { DataKeysService } from '@xerotier/data-keys';
import { AppError, ensure } from '@xerotier/errors';
import type { PublicResponse } from '@xerotier/public-api/responses';
import type { z } from 'zod';
import { PAGE_BYTES_MAX } from '../conversations/conversations.service.ts';
import { ItemsService } from '../items/items.service.ts';
import { responseObject } from '../turns/response-object.ts';
import { ResponseQueue } from './response-queue.ts';
import type { Response } from './response.entity.ts';
import { ResponsesRepository } from './responses.repository.ts';
import type { ResponseKey } from './responses.repository.ts';
import { openField } from './sealed-fields.ts';

type Operations = typeof storedResponsesContract.operations;
export type Input<Name extends keyof Operations> = z.output<Operations[Name]['input']>;

/** Reads and deletes responses that are stored. */
@Injectable()
export class ResponsesService {
  constructor(
    private readonly responses: ResponsesRepository,
    private readonly items: ItemsService,
    private readonly dataKeys: DataKeysService,
    private readonly queue: ResponseQueue,
  ) {}

  /** Returns a response that clients may see. @throws {AppError} `db.unavailable`. */
  find(key: ResponseKey): Promise<Response | null> {
    return this.responses.transaction(key.projectId, (manager) => this.responses.find(manager, key));
  }

  /** Returns the response object with everything that can be included. @throws {AppError} `response.not_found`, `db.unavailable`. */
  async get(key: Input<'get'>): Promise<PublicResponse> {
    const { projectId } = key;
    const found = await this.responses.transaction(projectId, async (manager) => {
      const response = ensure(await this.responses.find(manager, key), 'response.not_found', { response: key.id });
      const itemIds = await this.responses.itemIds(manager, response, { isOutput: true });
      const output = await this.items.read(manager, projectId, itemIds);
      const dataKey = await this.dataKeys.get(projectId);
      const requested = openField(dataKey, response, 'content', response.content as Buffer);
      const outcome = response.outcome === null ? undefined : openField(dataKey, response, 'outcome', response.outcome);
      return { response, object: responseObject(requested, response.status, output, outcome) };
    });
    const { response, object } = found;
    return response.status === 'queued' ? { ...object, x_queue: await this.queue.placeOf(response) } : object;
  }

  /** Deletes its items too, if nothing else needs them. @throws {AppError} `response.not_found`, `db.unavailable`. */
  async delete(key: Input<'delete'>): Promise<void> {
    if (!(await this.deleteIfExists(key))) throw new AppError('response.not_found', { response: key.id });
  }

  /** Returns whether it existed. @throws {AppError} `db.unavailable`. */
  deleteIfExists(key: ResponseKey): Promise<boolean> {
    return this.responses.transaction(key.projectId, async (manager) => {
      if ((await this.responses.lock(manager, key)) === null) return false;
      const itemIds = await this.responses.delete(manager, key);
      if (itemIds.length > 0) await this.items.deleteUnneeded(manager, key.projectId, itemIds);
      return true;
    });
  }

  /** Deletes at most so many responses that are older than so many days, as `delete` does. Returns how many. @throws {AppError} `db.unavailable`. */
  deleteOlder(projectId: string, days: number, max: number): Promise<number> {
    return this.responses.transaction(projectId, async (manager) => {
      const ids = await this.responses.lockOlder(manager, projectId, days, max);
      const itemIds: string[] = [];
      for (const id of ids) itemIds.push(...(await this.responses.delete(manager, { projectId, id })));
      if (itemIds.length > 0) await this.items.deleteUnneeded(manager, projectId, itemIds);
      return ids.length;
    });
  }

  /** @throws {AppError} `response.not_found`, `list.unknown_cursor`, `db.unavailable`. */
  async listInputItems({
    projectId,
    id,
    ...page
  }: Input<'listInputItems'>): Promise<{ items: StoredItem[]; hasMore: boolean }> {
    return this.responses.transaction(projectId, async (manager) => {
      ensure(await this.responses.find(manager, { projectId, id }), 'response.not_found', { response: id });
      const { ids, hasMore } = await this.responses.listInput(manager, { projectId, id }, page, PAGE_BYTES_MAX);
      return { items: await this.items.read(manager, projectId, ids), hasMore };
    });
  }
}
