import { Injectable } from '@nestjs/common';
import type { ModelCallContext } from '@xerotier/contracts/inference';
import { InputFiles } from '@xerotier/input-files';
import type { ResponseRequest } from '@xerotier/public-api/responses';
import { CompactionSeals } from '../compactions/compaction-seals.ts';
import { EncryptedContents } from '../items/encrypted-contents.ts';
import { TurnOrigins } from '../responses/turn-origins.service.ts';
import type { TurnContext } from '../responses/turn-origins.service.ts';
import { chatRequestOf, contextItems } from './chat-request.ts';
import type { TurnInput } from './chat-request.ts';
import type { ContextItem } from './chat-messages.ts';
import type { ModelCallRequest } from './model-calls.service.ts';
import { turnRequestOf } from './new-turn.ts';
import type { Kept } from './new-turn.ts';

/** What models are shown of a context. */
export type ReadableContext = Pick<ModelCallRequest, 'prompt' | 'chat' | 'sealReasoning'>;

export interface RequestedTurn {
  readonly call: ModelCallContext;
  readonly request: ResponseRequest;
  /** Of the response that it continues, if the caller keeps that one. */
  readonly kept?: Kept;
}

type Items = Pick<TurnInput, 'history' | 'input'>;

/** Reads what models are shown of the context of a turn. */
@Injectable()
export class TurnContexts {
  constructor(
    private readonly origins: TurnOrigins,
    private readonly seals: CompactionSeals,
    private readonly contents: EncryptedContents,
    private readonly files: InputFiles,
  ) {}

  /** @throws {AppError} as `readItems` and `chatRequestOf`. */
  async read(
    turn: RequestedTurn & { readonly systemPrompt?: string | undefined },
    signal: AbortSignal,
  ): Promise<{ context: TurnContext; readable: ReadableContext }> {
    const { call, request, systemPrompt } = turn;
    const { context, opened } = await this.readItems(turn, signal);
    const prompt = { request, systemPrompt, ...opened };
    const sealReasoning = request.include?.includes('reasoning.encrypted_content')
      ? await this.contents.sealer(call.projectId, 'reasoning')
      : undefined;
    return { context, readable: { prompt, chat: chatRequestOf(prompt), sealReasoning } };
  }

  /**
   * Reads all items, and those of them that models are shown: from the last compaction on, which is opened, and with the content of files.
   * @throws {AppError} as `TurnOrigins.read` and `InputFiles.inline`; `item.unreadable` for what another project has encrypted.
   */
  async readItems(
    { call, request, kept }: RequestedTurn,
    signal: AbortSignal,
  ): Promise<{ context: TurnContext; items: Items; opened: Items }> {
    const context = await this.origins.read(turnRequestOf(call, request, kept));
    const items = contextItems(context, request.input, kept?.items);
    const opened = await this.#open(call.projectId, items);
    const shown = await this.files.inline(call.projectId, opened, signal);
    return {
      context,
      items,
      opened: { history: withStored(shown.history, opened.history), input: withStored(shown.input, opened.input) },
    };
  }

  async #open(projectId: string, items: Items): Promise<Items> {
    return this.#withReasoning(projectId, await this.#fromCompaction(projectId, items));
  }

  async #fromCompaction(projectId: string, { history, input }: Items): Promise<Items> {
    const openedInput = await this.#openCompactions(projectId, input);
    const inInput = input.findLastIndex(isCompaction);
    if (inInput !== -1) return { history: [], input: openedInput.slice(inInput).flat() };
    const at = history.findLastIndex(isCompaction);
    if (at === -1) return { history, input };
    return { history: (await this.#openCompactions(projectId, history.slice(at))).flat(), input };
  }

  /** Returns what each item stands for. */
  async #openCompactions(projectId: string, items: readonly ContextItem[]): Promise<ContextItem[][]> {
    return Promise.all(
      items.map(async (context) => {
        const { item, param } = context;
        if (item.type !== 'compaction') return [context];
        const field = `${param}.encrypted_content`;
        const { summary, items: kept } = await this.seals.open(projectId, item.encrypted_content, field);
        return [{ ...context, summary }, ...kept.map((each) => ({ item: each, param }))];
      }),
    );
  }

  /** Models get the reasoning after the last message of the user: what is before may be of another server. */
  async #withReasoning(projectId: string, { history, input }: Items): Promise<Items> {
    const all = [...history, ...input];
    const from = all.findLastIndex(({ item }) => item.type === 'message' && item.role === 'user') + 1;
    if (!all.slice(from).some(({ item }) => isSealedReasoning(item))) return { history, input };
    const opened = await Promise.all(
      all.map(async (context, at) => {
        const { item, param } = context;
        if (at < from || !isSealedReasoning(item)) return context;
        const field = `${param}.encrypted_content`;
        return {
          ...context,
          reasoning: await this.contents.open(projectId, 'reasoning', item.encrypted_content, field),
        };
      }),
    );
    return { history: opened.slice(0, history.length), input: opened.slice(history.length) };
  }
}

function withStored(shown: readonly ContextItem[], items: readonly ContextItem[]): readonly ContextItem[] {
  return shown.map((each, at) => {
    const item = items[at]?.item;
    return item === undefined || item === each.item ? each : { ...each, stored: item };
  });
}

type Reasoning = Extract<ContextItem['item'], { type: 'reasoning' }>;

function isSealedReasoning(item: ContextItem['item']): item is Reasoning & { encrypted_content: string } {
  return item.type === 'reasoning' && item.encrypted_content !== undefined;
}

function isCompaction({ item }: ContextItem): boolean {
  return item.type === 'compaction';
}
