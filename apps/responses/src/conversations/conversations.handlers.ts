import { Injectable } from '@nestjs/common';
import { conversationsContract } from '@xerotier/contracts/responses';
import type { StoredConversation, StoredItem } from '@xerotier/contracts/responses';
import type { ResponseStream } from '@xerotier/nats';
import { Serves } from '@xerotier/service-host';
import { writeJson } from '../json-frames.ts';
import { ConversationsService } from './conversations.service.ts';
import type { Input } from './conversations.service.ts';

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

type ItemStream = ResponseStream<Record<string, never>>;

/** Serves the contract of conversations. */
@Injectable()
export class ConversationsHandlers {
  constructor(private readonly conversations: ConversationsService) {}

  @Serves(create)
  async create(input: Input<'create'>, stream: ItemStream): Promise<StoredConversation> {
    const conversation = await this.conversations.create(input);
    stream.head({});
    return conversation;
  }

  @Serves(list)
  list(input: Input<'list'>): Promise<{ data: StoredConversation[]; hasMore: boolean }> {
    return this.conversations.list(input);
  }

  @Serves(get)
  get(input: Input<'get'>): Promise<StoredConversation> {
    return this.conversations.get(input);
  }

  @Serves(update)
  update(input: Input<'update'>): Promise<StoredConversation> {
    return this.conversations.update(input);
  }

  @Serves(remove)
  async delete(input: Input<'delete'>): Promise<Record<string, never>> {
    await this.conversations.delete(input);
    return {};
  }

  @Serves(addItems)
  async addItems(input: Input<'addItems'>, stream: ItemStream): Promise<Record<string, never>> {
    send(await this.conversations.addItems(input), stream);
    return {};
  }

  @Serves(listItems)
  async listItems(input: Input<'listItems'>, stream: ItemStream): Promise<{ hasMore: boolean }> {
    const { items, hasMore } = await this.conversations.listItems(input);
    send(items, stream);
    return { hasMore };
  }

  @Serves(getItem)
  async getItem(input: Input<'getItem'>, stream: ItemStream): Promise<Record<string, never>> {
    send([await this.conversations.getItem(input)], stream);
    return {};
  }

  @Serves(removeItem)
  removeItem(input: Input<'removeItem'>): Promise<StoredConversation> {
    return this.conversations.removeItem(input);
  }
}

function send(items: readonly StoredItem[], stream: ItemStream): void {
  stream.head({});
  writeJson(stream, items);
}
