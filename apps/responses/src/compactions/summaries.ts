import { Injectable } from '@nestjs/common';
import type { ModelCallContext, TokenUsage } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import { InferenceClient } from '@xerotier/inference';
import type { ChatMessage } from '@xerotier/public-api/chat-completions';
import { ModelCall } from '../turns/model-call.ts';
import { COMPACTION_INSTRUCTIONS } from './compaction-texts.ts';
import { transcriptOf } from './transcript.ts';

/** A longer summary is cut off; it would not be much shorter than what it stands for. */
const SUMMARY_TOKENS_MAX = 4_096;

export interface SummaryRequest {
  readonly call: ModelCallContext;
  /** Of the endpoint. */
  readonly systemPrompt: string | undefined;
  /** Of the request. */
  readonly instructions: string | undefined;
  readonly messages: readonly ChatMessage[];
}

export interface Summary {
  readonly text: string;
  readonly usage: TokenUsage;
  readonly workerId: string;
}

/** Lets models summarize conversations. */
@Injectable()
export class Summaries {
  constructor(private readonly inference: InferenceClient) {}

  /**
   * Runs one call of the model, which the ledger has as any other.
   * @throws {AppError} of the inference; `inference.engine_failed` if the model writes nothing.
   */
  async write({ call, systemPrompt, instructions, messages }: SummaryRequest, signal: AbortSignal): Promise<Summary> {
    let text = '';
    let workerId = '';
    const model = new ModelCall(
      (head) => (workerId = head.workerId),
      ({ delta }) => (text += delta.content ?? ''),
    );
    const system = [systemPrompt, COMPACTION_INSTRUCTIONS, instructions].flatMap((content) =>
      content === undefined || content === '' ? [] : [{ role: 'system' as const, content }],
    );
    const chat = {
      model: call.modelName,
      messages: [...system, { role: 'user' as const, content: transcriptOf(messages) }],
      stream: true,
      max_completion_tokens: SUMMARY_TOKENS_MAX,
    };
    model.attach(this.inference.chat({ ...call, onUsage: () => undefined, chat, seedDigits: undefined }, model));
    const usage = await model.endedUnless(signal);
    const summary = text.trim();
    if (summary === '') throw new AppError('inference.engine_failed', { usage });
    return { text: summary, usage, workerId };
  }
}
