import { Injectable } from '@nestjs/common';
import { addUsage, emptyUsage, usageOfError } from '@xerotier/contracts/inference';
import type { ModelCallContext, TokenUsage, UsageRecord } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import { InferenceClient } from '@xerotier/inference';
import { LinkedImages } from '@xerotier/linked-images';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { TurnCompaction } from '../compactions/turn-compaction.ts';
import { chatRequestOf } from './chat-request.ts';
import type { TurnInput } from './chat-request.ts';
import { ModelCall } from './model-call.ts';
import type { OutputWriter } from './output-writer.ts';
import { fieldsOf, namingField } from './part-fields.ts';
import { isOverflow, shortenedChat } from './shortened-chat.ts';
import type { TurnListener } from './turn-runner.ts';

export interface ModelCallRequest {
  readonly call: ModelCallContext;
  readonly prompt: TurnInput;
  /** The same, as the model gets it. */
  readonly chat: ChatCompletionRequest;
  /** Returns the `encrypted_content` of reasoning. Undefined if it is not requested. */
  readonly sealReasoning: ((text: string) => string) | undefined;
  /** Receives the usage record instead of the ledger. */
  readonly onRecord?: ((record: UsageRecord) => void) | undefined;
}

export interface CallsResult {
  /** Of all calls. */
  readonly usage: TokenUsage;
  readonly droppedTurns: number;
}

/** Calls the model for a turn, with a context that fits: compacted or shortened, as the request says. */
@Injectable()
export class ModelCalls {
  constructor(
    private readonly inference: InferenceClient,
    private readonly images: LinkedImages,
    private readonly compaction: TurnCompaction,
  ) {}

  /** Writes the output. Once the signal is aborted, the model is stopped. @throws {AppError} of the inference, with the usage so far. */
  async run(
    request: ModelCallRequest,
    writer: OutputWriter,
    listener: TurnListener,
    signal: AbortSignal,
  ): Promise<CallsResult> {
    if (request.prompt.request.compacts === true) return this.#compactAll(request, writer, listener, signal);
    const compacted = await this.compaction.compact(request, writer.items, signal);
    if (compacted?.item !== undefined) writer.addItem(compacted.item);
    const chat = compacted === undefined ? request.chat : chatRequestOf(compacted.prompt);
    try {
      const { usage, droppedTurns } = await this.#fitting(request, chat, writer, listener, signal);
      return { usage: withUsage(usage, compacted?.usage), droppedTurns };
    } catch (error) {
      if (compacted?.usage === undefined) throw error;
      const failure = AppError.from(error);
      const usage = withUsage(compacted.usage, usageOfError(failure));
      throw new AppError(failure.code, { ...failure.details, usage }, { cause: error });
    }
  }

  async #compactAll(
    request: ModelCallRequest,
    writer: OutputWriter,
    listener: TurnListener,
    signal: AbortSignal,
  ): Promise<CallsResult> {
    writer.endAs('completed');
    // Perhaps an earlier run of the turn has written it.
    if (writer.items.length > 0) return { usage: emptyUsage(), droppedTurns: 0 };
    const { item, usage } = await this.compaction.compactAll(request, (id) => listener.begin(id), signal);
    writer.addItem(item);
    return { usage, droppedTurns: 0 };
  }

  async #fitting(
    request: ModelCallRequest,
    chat: ChatCompletionRequest,
    writer: OutputWriter,
    listener: TurnListener,
    signal: AbortSignal,
  ): Promise<CallsResult> {
    let droppedTurns = 0;
    for (let next = chat; ;) {
      try {
        return { usage: await this.#call(request, next, writer, listener, signal), droppedTurns };
      } catch (error) {
        const failure = namingField(AppError.from(error), next);
        // The model has not begun then.
        if (request.prompt.request.truncation !== 'auto' || !isOverflow(failure)) throw failure;
        const shorter = shortenedChat(next, failure);
        if (shorter === undefined) throw failure;
        next = shorter.chat;
        droppedTurns += shorter.droppedTurns;
      }
    }
  }

  async #call(
    { call, onRecord }: ModelCallRequest,
    chat: ChatCompletionRequest,
    writer: OutputWriter,
    listener: TurnListener,
    signal: AbortSignal,
  ): Promise<TokenUsage> {
    const served = await this.images.inline(chat, signal, fieldsOf(chat));
    let isPaused = false;
    const model = new ModelCall(
      ({ workerId }) => listener.begin(workerId),
      (choice) => {
        writer.add(choice);
        const resumed = isPaused ? undefined : listener.paused();
        if (resumed === undefined) return;
        isPaused = true;
        run.pause();
        void resumed.then(() => {
          isPaused = false;
          run.resume();
        });
      },
    );
    const run = this.inference.chat(
      { ...call, onRecord, onUsage: () => undefined, chat: served, seedDigits: undefined },
      model,
    );
    model.attach(run);
    return model.endedUnless(signal);
  }
}

function withUsage(usage: TokenUsage, other: TokenUsage | undefined): TokenUsage {
  return other === undefined ? usage : addUsage(usage, other);
}
