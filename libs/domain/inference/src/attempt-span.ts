/** The span of one attempt: from the opening of a stream on a worker to its last frame. Prompts and completions are not in it. */
import type { RequestContext, TokenUsage } from '@xerotier/contracts/inference';
import type { AppError } from '@xerotier/errors';
import { attribute, endSpan, SpanKind, spanEvent, startSpan, withSpan } from '@xerotier/telemetry';
import type { Span } from '@xerotier/telemetry';
import type { Work } from './work.ts';

/** Names of OpenTelemetry where it has one. */
const OPERATIONS: Readonly<Record<Work['kind'], string>> = {
  'chat.completion': 'chat',
  embedding: 'embeddings',
  rerank: 'rerank',
  score: 'score',
  'audio.speech': 'text_to_speech',
  'audio.transcription': 'transcription',
  'audio.translation': 'translation',
  'image.generation': 'image_generation',
  'image.edit': 'image_edit',
  'image.variation': 'image_variation',
};

export interface Attempt {
  readonly context: RequestContext;
  readonly work: Work;
  readonly index: number;
  /** 1 for the first. */
  readonly number: number;
  /** Undefined on the shared subject. */
  readonly workerId: string | undefined;
}

export class AttemptSpan {
  readonly #span: Span;

  constructor({ context, work, index, number, workerId }: Attempt) {
    const operation = OPERATIONS[work.kind];
    this.#span = startSpan(`${operation} ${context.modelId}`, {
      kind: SpanKind.CLIENT,
      attributes: {
        [attribute.genAiOperationName]: operation,
        [attribute.genAiProviderName]: 'xerotier',
        [attribute.genAiRequestModel]: context.modelId,
        [attribute.requestId]: context.requestId,
        [attribute.projectId]: context.projectId,
        [attribute.choiceIndex]: index,
        [attribute.attempt]: number,
        ...(workerId !== undefined && { [attribute.workerId]: workerId }),
      },
    });
  }

  /** What is sent by `work` is a part of the attempt. */
  run<T>(work: () => T): T {
    return withSpan(this.#span, work);
  }

  firstToken(): void {
    this.#span.addEvent(spanEvent.firstToken);
  }

  end(outcome: 'completed' | 'cancelled' | 'failed', usage?: TokenUsage, error?: AppError): void {
    this.#span.setAttribute(attribute.outcome, outcome);
    if (usage !== undefined) {
      this.#span.setAttributes({
        [attribute.genAiUsageInputTokens]: usage.promptTokens,
        [attribute.genAiUsageOutputTokens]: usage.completionTokens,
      });
    }
    endSpan(this.#span, error);
  }
}
