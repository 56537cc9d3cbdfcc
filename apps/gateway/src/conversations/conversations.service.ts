import { Injectable } from '@nestjs/common';
import type { RequestContract, StreamContract } from '@xerotier/contracts/define';
import { conversationsContract } from '@xerotier/contracts/responses';
import type { StoredConversation, StoredItem } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import type { z } from 'zod';

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

/** As long as a gateway waits for other changes, and for the transfer of a large body. */
const STREAM_DEADLINE_MS = 30_000;

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
    return withOutages(() => this.bus.call(contract, input));
  }

  #stream<C extends StreamContract>(
    contract: C,
    input: Input<C>,
  ): Promise<{ items: StoredItem[]; end: z.output<C['end']> }> {
    return withOutages(
      () =>
        new Promise((resolve, reject) => {
          const chunks: Buffer[] = [];
          this.bus.open(
            contract,
            input,
            {
              head: () => undefined,
              data: (payload) => chunks.push(Buffer.from(payload)),
              end: (end) => resolve({ items: itemsIn(Buffer.concat(chunks)), end }),
              error: reject,
            },
            { deadlineMs: STREAM_DEADLINE_MS } as never,
          );
        }),
    );
  }
}

function itemsIn(json: Buffer): StoredItem[] {
  return json.length === 0 ? [] : (JSON.parse(json.toString('utf8')) as StoredItem[]);
}

async function withOutages<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const rejection = AppError.from(error);
    throw rejection.status === 503 ? new AppError('conversations.unavailable', {}, { cause: rejection }) : rejection;
  }
}
