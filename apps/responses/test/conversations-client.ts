/** Calls the operations of conversations, for tests. */
import type { StreamContract } from '@xerotier/contracts/define';
import { conversationsContract } from '@xerotier/contracts/responses';
import type { StoredConversation, StoredItem } from '@xerotier/contracts/responses';
import type { Bus, StreamSink } from '@xerotier/nats';
import { randomUUID } from 'node:crypto';
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

type Output<C extends StreamContract> = { readonly items: StoredItem[]; readonly end: z.output<C['end']> };
type NewItem = z.input<typeof addItems.input>['items'][number];

/** A message of a user, as the public API parses it. */
export function aMessage(text: string): NewItem {
  return { type: 'message', status: 'completed', role: 'user', content: [{ type: 'input_text', text }] };
}

export function referenceTo(id: string): NewItem {
  return { type: 'item_reference', id };
}

export function textOf(item: StoredItem): string {
  return (item['content'] as { text: string }[])[0]?.text ?? '';
}

/** For one project. */
export class ConversationsClient {
  readonly #bus: () => Bus;
  readonly projectId: string;

  constructor(bus: () => Bus, projectId: string) {
    this.#bus = bus;
    this.projectId = projectId;
  }

  async create(
    items: readonly NewItem[] = [],
    { metadata = {}, key }: { metadata?: Record<string, string>; key?: string } = {},
  ): Promise<StoredConversation> {
    return (await this.#stream(create, { context: this.#context(key), metadata, items: [...items] })).end;
  }

  list(page: object = {}): Promise<z.output<typeof list.output>> {
    return this.#bus().call(list, { projectId: this.projectId, limit: 20, order: 'desc', ...page });
  }

  get(id: string): Promise<StoredConversation> {
    return this.#bus().call(get, { projectId: this.projectId, id });
  }

  update(id: string, metadata: Record<string, string>): Promise<StoredConversation> {
    return this.#bus().call(update, { projectId: this.projectId, id, metadata });
  }

  async delete(id: string): Promise<void> {
    await this.#bus().call(remove, { projectId: this.projectId, id });
  }

  async add(conversationId: string, items: readonly NewItem[], key?: string): Promise<StoredItem[]> {
    return (await this.#stream(addItems, { context: this.#context(key), conversationId, items: [...items] })).items;
  }

  async listItems(conversationId: string, page: object = {}): Promise<{ items: StoredItem[]; hasMore: boolean }> {
    const input = { projectId: this.projectId, conversationId, limit: 100, order: 'asc', ...page } as const;
    const { items, end } = await this.#stream(listItems, input);
    return { items, hasMore: end.hasMore };
  }

  async texts(conversationId: string): Promise<string[]> {
    return (await this.listItems(conversationId)).items.map(textOf);
  }

  async getItem(conversationId: string, id: string): Promise<StoredItem> {
    const { items } = await this.#stream(getItem, { projectId: this.projectId, conversationId, id });
    return items[0] as StoredItem;
  }

  removeItem(conversationId: string, id: string): Promise<StoredConversation> {
    return this.#bus().call(removeItem, { projectId: this.projectId, conversationId, id });
  }

  #context(key: string | undefined): z.input<typeof addItems.input>['context'] {
    return {
      projectId: this.projectId,
      actor: { kind: 'api_key', id: 'key_1' },
      clientAddress: '127.0.0.1',
      requestId: `req_${randomUUID()}`,
      ...(key !== undefined && { idempotencyKey: key }),
    };
  }

  #stream<C extends StreamContract>(contract: C, input: z.input<C['input']>): Promise<Output<C>> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const sink: StreamSink<C> = {
        head: () => undefined,
        data: (payload) => chunks.push(Buffer.from(payload)),
        end: (end) => {
          const json = Buffer.concat(chunks).toString('utf8');
          resolve({ items: json === '' ? [] : (JSON.parse(json) as StoredItem[]), end });
        },
        error: reject,
      };
      this.#bus().open(contract, input, sink, {} as never);
    });
  }
}
