import { Injectable } from '@nestjs/common';
import type { ModelCallContext } from '@xerotier/contracts/inference';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import type { ResponseRequest } from '@xerotier/public-api/responses';
import { CompactionSeals } from '../compactions/compaction-seals.ts';
import { TurnOrigins } from '../responses/turn-origins.service.ts';
import type { TurnContext } from '../responses/turn-origins.service.ts';
import { chatRequestOf, contextItems } from './chat-request.ts';
import type { TurnInput } from './chat-request.ts';
import type { ContextItem } from './chat-messages.ts';
import { turnRequestOf } from './new-turn.ts';

type Items = Pick<TurnInput, 'history' | 'input'>;

/** Reads what models are shown of the context of a turn. */
@Injectable()
export class TurnContexts {
  constructor(
    private readonly origins: TurnOrigins,
    private readonly seals: CompactionSeals,
  ) {}

  /** @throws {AppError} as `readItems` and `chatRequestOf`. */
  async read(
    call: ModelCallContext,
    request: ResponseRequest,
    systemPrompt: string | undefined,
  ): Promise<{ context: TurnContext; prompt: TurnInput; chat: ChatCompletionRequest }> {
    const { context, opened } = await this.readItems(call, request);
    const prompt = { request, systemPrompt, ...opened };
    return { context, prompt, chat: chatRequestOf(prompt) };
  }

  /**
   * Reads all items, and those of them that models are shown: from the last compaction on, which is opened.
   * @throws {AppError} as `TurnOrigins.read`; `item.unreadable` for a compaction of another project.
   */
  async readItems(
    call: ModelCallContext,
    request: ResponseRequest,
  ): Promise<{ context: TurnContext; items: Items; opened: Items }> {
    const context = await this.origins.read(turnRequestOf(call, request));
    const items = contextItems(context, request.input);
    return { context, items, opened: await this.#open(call.projectId, items) };
  }

  async #open(projectId: string, { history, input }: Items): Promise<Items> {
    const openedInput = await Promise.all(input.map((item) => this.#openItem(projectId, item)));
    const inInput = input.findLastIndex(isCompaction);
    if (inInput !== -1) return { history: [], input: openedInput.slice(inInput).flat() };
    const at = history.findLastIndex(isCompaction);
    const compaction = history[at];
    if (compaction === undefined) return { history, input };
    return { history: [...(await this.#openItem(projectId, compaction)), ...history.slice(at + 1)], input };
  }

  async #openItem(projectId: string, context: ContextItem): Promise<ContextItem[]> {
    const { item, param } = context;
    if (item.type !== 'compaction') return [context];
    const { summary, items } = await this.seals.open(projectId, item.encrypted_content, `${param}.encrypted_content`);
    return [{ ...context, summary }, ...items.map((kept) => ({ item: kept, param }))];
  }
}

function isCompaction({ item }: ContextItem): boolean {
  return item.type === 'compaction';
}
