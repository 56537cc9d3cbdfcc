import { Injectable } from '@nestjs/common';
import type { StoredItem } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import type { InputItem } from '@xerotier/public-api/items';
import type { EntityManager } from 'typeorm';
import { ConversationsService, ITEMS_MAX } from '../conversations/conversations.service.ts';
import { paramOfItem } from '../items/param-of-item.ts';
import { ItemsService } from '../items/items.service.ts';
import { ChainContexts } from './chain-contexts.ts';
import type { Response } from './response.entity.ts';
import { ResponsesRepository } from './responses.repository.ts';

/** Of a chain. */
export const TURNS_MAX = 10_000;
/** Of the items of a chain and of the conversation before it: several times what the longest context of a model has. */
export const CONTEXT_BYTES_MAX = 64 * 1024 ** 2;

/** What a turn continues from: a response, a conversation, or nothing. */
export interface TurnOrigin {
  readonly previousId: string | undefined;
  readonly conversationId: string | undefined;
  /** Items of the conversation from this position on come later. */
  readonly conversationEnd: string | null;
  readonly turns: number;
  readonly bytes: number;
}

export interface TurnContext {
  readonly origin: TurnOrigin;
  /** The items before those of the request. */
  readonly history: readonly StoredItem[];
  /** The items that the request refers to, by id. */
  readonly referenced: ReadonlyMap<string, StoredItem>;
}

export interface TurnRequest {
  readonly projectId: string;
  readonly previousId: string | undefined;
  readonly conversationId: string | undefined;
  readonly input: readonly InputItem[];
  /** How many of them, at the beginning, are those of a response that is continued. */
  readonly keptItems?: number;
}

/** Reads what turns continue from. */
@Injectable()
export class TurnOrigins {
  constructor(
    private readonly responses: ResponsesRepository,
    private readonly items: ItemsService,
    private readonly conversations: ConversationsService,
    private readonly chains: ChainContexts,
  ) {}

  /**
   * @throws {AppError} `response.previous_not_found`, `response.not_ended`, `response.too_deep`, `response.context_too_large`,
   * `conversation.not_found`, `conversation.too_many_items`, `item.not_found`, `db.unavailable`.
   */
  async read(request: TurnRequest): Promise<TurnContext> {
    const { projectId, input, keptItems = 0 } = request;
    const references = input.flatMap((item, at) =>
      item.type === 'item_reference' ? [{ id: item.id, param: `${paramOfItem(at, keptItems)}.id` }] : [],
    );
    if (request.previousId === undefined && request.conversationId === undefined && references.length === 0)
      return { origin: ORIGIN_OF_NOTHING, history: [], referenced: new Map() };
    return this.responses.transaction(projectId, async (manager) => {
      const { origin, history } = await this.#readOrigin(manager, request);
      const referenced = await this.items.find(
        manager,
        projectId,
        references.map(({ id }) => id),
      );
      const missing = references.find(({ id }) => !referenced.has(id));
      if (missing !== undefined) throw new AppError('item.not_found', { item: missing.id }, { param: missing.param });
      return { origin, history, referenced };
    });
  }

  async #readOrigin(
    manager: EntityManager,
    request: TurnRequest,
  ): Promise<{ origin: TurnOrigin; history: readonly StoredItem[] }> {
    const { projectId, previousId, conversationId } = request;
    if (previousId !== undefined) {
      const previous = await this.responses.find(manager, { projectId, id: previousId });
      const response = ensurePrevious(previous, previousId);
      const { turns, bytes, status } = response;
      if (status === 'queued' || status === 'in_progress')
        throw new AppError('response.not_ended', { response: previousId }, { param: 'previous_response_id' });
      if (turns >= TURNS_MAX)
        throw new AppError('response.too_deep', { max: TURNS_MAX }, { param: 'previous_response_id' });
      throwIfTooLarge(Number(bytes), 'previous_response_id');
      const history = await this.#readChain(manager, response);
      const origin = { previousId, conversationId: undefined, conversationEnd: null, turns, bytes: Number(bytes) };
      return { origin, history };
    }
    if (conversationId === undefined) return { origin: ORIGIN_OF_NOTHING, history: [] };
    const conversation = await this.conversations.find(manager, { projectId, id: conversationId });
    if (conversation === null)
      throw new AppError('conversation.not_found', { conversation: conversationId }, { param: 'conversation' });
    if (conversation.items >= ITEMS_MAX)
      throw new AppError('conversation.too_many_items', { max: ITEMS_MAX }, { param: 'conversation' });
    const bytes = Number(conversation.bytes);
    throwIfTooLarge(bytes, 'conversation');
    const history = await this.conversations.readAll(manager, conversation);
    const origin = {
      previousId: undefined,
      conversationId,
      conversationEnd: conversation.nextPosition,
      turns: 0,
      bytes,
    };
    return { origin, history };
  }

  /** Returns the items of a whole chain, in their order. */
  async #readChain(manager: EntityManager, response: Response): Promise<readonly StoredItem[]> {
    const { projectId, previousId, bytes } = response;
    const known = this.chains.get(response);
    if (known !== undefined) return known;
    const before = previousId === null ? undefined : this.chains.get({ projectId, id: previousId });
    const rows = await (before === undefined
      ? this.responses.readContext(manager, response)
      : this.responses.readItems(manager, response));
    const items = [...(before ?? []), ...(await this.items.open(projectId, rows))];
    if (!rows.some(({ isOfConversation }) => isOfConversation)) this.chains.set(response, items, Number(bytes));
    return items;
  }
}

const ORIGIN_OF_NOTHING: TurnOrigin = {
  previousId: undefined,
  conversationId: undefined,
  conversationEnd: null,
  turns: 0,
  bytes: 0,
};

function ensurePrevious(previous: Response | null, id: string): Response {
  if (previous?.stored !== true)
    throw new AppError('response.previous_not_found', { response: id }, { param: 'previous_response_id' });
  return previous;
}

function throwIfTooLarge(bytes: number, param: string): void {
  if (bytes > CONTEXT_BYTES_MAX)
    throw new AppError('response.context_too_large', { bytesMax: CONTEXT_BYTES_MAX }, { param });
}
