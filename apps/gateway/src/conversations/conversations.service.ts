import { Injectable } from '@nestjs/common';
import type { RequestContract, StreamContract } from '@xerotier/contracts/define';
import { conversationsContract } from '@xerotier/contracts/responses';
import type { StoredConversation, StoredItem } from '@xerotier/contracts/responses';
import { Bus } from '@xerotier/nats';
import type { z } from 'zod';
import { readJsonStream, withOutages } from '../requests/json-stream.ts';

const {
  create,
  list,
  get,
  update,
  delete: remove,
  addItems,
  listItems,
  getItem,
  removeItem,
} = conversationsContract.operations;

type Input<C extends RequestContract | StreamContract> = z.input<C['input']>;

/** Conversations of the responses service, as the gateway uses them. Outages of it and of what it needs are `conversations.unavailable`. */
@Injectable()
export class ConversationsService {
  constructor(private readonly bus: Bus) {}

  /**
   * @throws {AppError} `item.not_found`, `conversation.has_item`, `conversation.too_many_bytes`, `idempotency.key_reused`,
   * `conversations.unavailable`.
   */
  async create(input: Input<typeof create>): Promise<StoredConversation> {
    return (await this.#stream(create, input)).end;
  }

  /** @throws {AppError} `list.unknown_cursor`, `conversations.unavailable`. */
  list(input: Input<typeof list>): Promise<z.output<typeof list.output>> {
    return this.#call(list, input);
  }

  /** @throws {AppError} `conversation.not_found`, `conversations.unavailable`. */
  get(input: Input<typeof get>): Promise<StoredConversation> {
    return this.#call(get, input);
  }

  /** @throws {AppError} `conversation.not_found`, `conversations.unavailable`. */
  update(input: Input<typeof update>): Promise<StoredConversation> {
    return this.#call(update, input);
  }

  /** @throws {AppError} `conversation.not_found`, `conversations.unavailable`. */
  async delete(input: Input<typeof remove>): Promise<void> {
    await this.#call(remove, input);
  }

  /**
   * @throws {AppError} `conversation.not_found`, `item.not_found`, `conversation.has_item`, `conversation.too_many_items`,
   * `conversation.too_many_bytes`, `idempotency.key_reused`, `conversations.unavailable`.
   */
  async addItems(input: Input<typeof addItems>): Promise<StoredItem[]> {
    return (await this.#stream(addItems, input)).items;
  }

  /** @throws {AppError} `conversation.not_found`, `list.unknown_cursor`, `conversations.unavailable`. */
  async listItems(input: Input<typeof listItems>): Promise<{ items: StoredItem[]; hasMore: boolean }> {
    const { items, end } = await this.#stream(listItems, input);
    return { items, hasMore: end.hasMore };
  }

  /** @throws {AppError} `conversation.not_found`, `item.not_found`, `conversations.unavailable`. */
  async getItem(input: Input<typeof getItem>): Promise<StoredItem> {
    return (await this.#stream(getItem, input)).items[0] as StoredItem;
  }

  /** @throws {AppError} `conversation.not_found`, `item.not_found`, `conversations.unavailable`. */
  removeItem(input: Input<typeof removeItem>): Promise<StoredConversation> {
    return this.#call(removeItem, input);
  }

  #call<C extends RequestContract>(contract: C, input: Input<C>): Promise<z.output<C['output']>> {
    return withOutages('conversations.unavailable', () => this.bus.call(contract, input));
  }

  async #stream<C extends StreamContract>(
    contract: C,
    input: Input<C>,
  ): Promise<{ items: StoredItem[]; end: z.output<C['end']> }> {
    const read = (): Promise<{ value: StoredItem[] | undefined; end: z.output<C['end']> }> =>
      readJsonStream<C, StoredItem[]>(this.bus, contract, input);
    const { value, end } = await withOutages('conversations.unavailable', read);
    return { items: value ?? [], end };
  }
}
