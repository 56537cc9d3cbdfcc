import { Injectable } from '@nestjs/common';
import type { ModelCallContext, TokenUsage } from '@xerotier/contracts/inference';
import type { StoredItem } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import { InferenceClient } from '@xerotier/inference';
import { LinkedImages } from '@xerotier/linked-images';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { chatMessagesOf } from '../turns/chat-messages.ts';
import type { ContextItem } from '../turns/chat-messages.ts';
import type { TurnInput } from '../turns/chat-request.ts';
import type { ModelCallRequest } from '../turns/model-calls.service.ts';
import { fieldsOf } from '../turns/part-fields.ts';
import { isOverflow } from '../turns/shortened-chat.ts';
import { CompactionSeals } from './compaction-seals.ts';
import { Summaries } from './summaries.ts';
import type { Summary } from './summaries.ts';

/** Of the context of the model, when the request has no `compact_threshold`. */
const DEFAULT_THRESHOLD = 0.8;
/** A longer end of the context is part of the summary only, once its turn has ended. */
const KEPT_BYTES_MAX = 256 * 1_024;

export interface CompactedPrompt {
  readonly prompt: TurnInput;
  /** Undefined if an earlier run of the turn has written it. */
  readonly item?: StoredItem;
  readonly usage?: TokenUsage;
}

/** Replaces contexts, or their beginnings, by a summary within a turn. */
@Injectable()
export class TurnCompaction {
  constructor(
    private readonly inference: InferenceClient,
    private readonly images: LinkedImages,
    private readonly summaries: Summaries,
    private readonly seals: CompactionSeals,
  ) {}

  /**
   * Replaces what precedes the last message of the user, when a context has become as long as `context_management` says. Returns
   * undefined for a context that stays as it is.
   * @param written items that an earlier run of the turn has written.
   * @throws {AppError} of the inference.
   */
  async compact(
    { call, prompt, chat }: ModelCallRequest,
    written: readonly StoredItem[],
    signal: AbortSignal,
  ): Promise<CompactedPrompt | undefined> {
    const threshold = thresholdOf(prompt, call);
    if (threshold === undefined) return undefined;
    const items = [...prompt.history, ...prompt.input];
    const at = items.findLastIndex(({ item }) => item.type === 'message' && item.role === 'user');
    const [before, end] = [items.slice(0, at), items.slice(at)];
    // Nothing precedes it, but perhaps an earlier summary.
    if (at === -1 || before.every(({ summary }) => summary !== undefined)) return undefined;
    const earlier = written.findLast(({ type }) => type === 'compaction');
    if (earlier !== undefined) {
      const { summary } = await this.seals.open(call.projectId, String(earlier['encrypted_content']), 'output');
      return { prompt: withSummary(prompt, summary, end) };
    }
    if (!(await this.#isLong(call, chat, threshold, signal))) return undefined;
    try {
      // The ledger has one record for each call of a model.
      const ownCall = { ...call, requestId: `${call.requestId}-compaction` };
      const { text, usage } = await this.#summarize(ownCall, prompt, before, signal);
      const item = await this.seals.itemOf(call.projectId, { summary: text, items: keptOf(end) });
      return { prompt: withSummary(prompt, text, end), item, usage };
    } catch (error) {
      // Truncation, if the request wants it, or an error of the context itself tells more.
      if (isOverflow(AppError.from(error))) return undefined;
      throw error;
    }
  }

  /**
   * Replaces the whole context of a turn that generates nothing else.
   * @throws {AppError} of the inference; `request.invalid` for a context without items.
   */
  async compactAll(
    { call, prompt }: ModelCallRequest,
    begin: (workerId: string) => void,
    signal: AbortSignal,
  ): Promise<Required<Pick<CompactedPrompt, 'item' | 'usage'>>> {
    const items = [...prompt.history, ...prompt.input];
    if (items.length === 0)
      throw new AppError('request.invalid', { reason: 'There is nothing to compact.' }, { param: 'input' });
    const { text, usage, workerId } = await this.#summarize(call, prompt, items, signal);
    begin(workerId);
    return { item: await this.seals.itemOf(call.projectId, { summary: text, items: [] }), usage };
  }

  #summarize(
    call: ModelCallContext,
    { systemPrompt, request: { instructions } }: TurnInput,
    items: readonly ContextItem[],
    signal: AbortSignal,
  ): Promise<Summary> {
    return this.summaries.write({ call, systemPrompt, instructions, messages: chatMessagesOf(items) }, signal);
  }

  async #isLong(
    call: ModelCallContext,
    chat: ChatCompletionRequest,
    threshold: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    // A token has at least one character, and templates add a few to each message.
    if (JSON.stringify(chat).length < threshold) return false;
    try {
      const served = await this.images.inline(chat, signal, fieldsOf(chat));
      return (await this.inference.count(call, served, signal)).inputTokens >= threshold;
    } catch (error) {
      if (isOverflow(AppError.from(error))) return true;
      throw error;
    }
  }
}

function thresholdOf({ request }: TurnInput, { contextTokens }: ModelCallContext): number | undefined {
  const management = request.context_management?.find(({ type }) => type === 'compaction');
  if (management === undefined) return undefined;
  return (
    management.compact_threshold ??
    (contextTokens === undefined ? undefined : Math.floor(contextTokens * DEFAULT_THRESHOLD))
  );
}

function withSummary(prompt: TurnInput, summary: string, end: readonly ContextItem[]): TurnInput {
  const item = { type: 'compaction' as const, encrypted_content: '' };
  return { ...prompt, history: [{ item, param: 'output', summary }], input: end };
}

function keptOf(end: readonly ContextItem[]): ContextItem['item'][] {
  const items = end.map(({ item, stored }) => stored ?? item);
  return Buffer.byteLength(JSON.stringify(items)) > KEPT_BYTES_MAX ? [] : items;
}
