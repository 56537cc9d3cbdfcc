import { Injectable } from '@nestjs/common';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { StoredItem, turnsContract } from '@xerotier/contracts/responses';
import type { ServedStream } from '@xerotier/nats';
import type { ResponseCompaction, ResponseRequest } from '@xerotier/public-api/responses';
import type { z } from 'zod';
import { newItemId } from '../items/item-id.ts';
import { writeJson } from '../json-frames.ts';
import { newResponseId } from '../responses/response-id.ts';
import { chatMessagesOf } from '../turns/chat-messages.ts';
import type { ContextItem } from '../turns/chat-messages.ts';
import { publicUsage } from '../turns/response-object.ts';
import { TurnContexts } from '../turns/turn-contexts.ts';
import { CompactionSeals } from './compaction-seals.ts';
import { Summaries } from './summaries.ts';

type Compact = typeof turnsContract.operations.compact;

/** Replaces contexts by what the model of their endpoint makes of them. */
@Injectable()
export class CompactionsService {
  constructor(
    private readonly contexts: TurnContexts,
    private readonly summaries: Summaries,
    private readonly seals: CompactionSeals,
  ) {}

  /**
   * Writes the compaction of a context: the messages of users, and one item that stands for all of it. Nothing is stored.
   * @throws {AppError} as `TurnContexts.readItems`, `chatMessagesOf` and `Summaries.write`.
   */
  async compact(
    { call, request: body, systemPrompt }: z.output<Compact['input']>,
    stream: Pick<ServedStream<Compact>, 'head' | 'data' | 'signal'>,
  ): Promise<{ usage: TokenUsage }> {
    const request = body as unknown as ResponseRequest;
    const { items, opened } = await this.contexts.readItems({ call, request }, stream.signal);
    const messages = chatMessagesOf([...opened.history, ...opened.input]);
    const { instructions } = request;
    const { text, usage, workerId } = await this.summaries.write(
      { call, systemPrompt, instructions, messages },
      stream.signal,
    );
    const compaction: ResponseCompaction = {
      id: newResponseId(),
      object: 'response.compaction',
      created_at: Math.floor(Date.now() / 1_000),
      output: [
        ...keptOf([...items.history, ...items.input]),
        await this.seals.itemOf(call.projectId, { summary: text, items: [] }),
      ],
      usage: publicUsage(usage),
    };
    stream.head({ workerId });
    writeJson(stream, compaction);
    return { usage };
  }
}

/** The messages of users, as they are. */
function keptOf(items: readonly ContextItem[]): StoredItem[] {
  return items.flatMap(({ item }) =>
    item.type === 'message' && item.role === 'user' ? [{ id: newItemId(item.type), ...item }] : [],
  );
}
