/**
 * The fields around `choices` in an answer and in every chunk of a stream. The choices arrive as JSON text from the worker
 * and go out as they came; only what is around them is made here, once per request.
 */
import type { GenerationHead, TokenUsage } from '@xerotier/contracts';
import type { z } from 'zod';
import type { completionUsage } from './chat-completion.schema.ts';

export interface ChatEnvelopeFields {
  readonly id: string;
  readonly createdSeconds: number;
  readonly model: string;
  readonly tier: string;
}

const CHUNK_OBJECT = 'chat.completion.chunk';
const ANSWER_OBJECT = 'chat.completion';

export class ChatEnvelope {
  readonly #fields: ChatEnvelopeFields;
  readonly #withUsage: boolean;
  #prefix: Buffer | undefined;
  readonly #suffix: Buffer;

  /** @param withUsage chunks say `usage: null`, and a last one says what was used. */
  constructor(fields: ChatEnvelopeFields, withUsage: boolean) {
    this.#fields = fields;
    this.#withUsage = withUsage;
    this.#suffix = Buffer.from(withUsage ? ',"usage":null}\n\n' : '}\n\n');
  }

  /** The head is known with the first token: everything after it carries its fingerprint. */
  begin(head: GenerationHead): void {
    this.#prefix = Buffer.from(`data: ${this.#open(CHUNK_OBJECT, head.systemFingerprint)}"choices":`);
  }

  /** One server-sent event, in the parts that it is put together from. */
  chunk(choices: Uint8Array): readonly Uint8Array[] {
    return [this.#prefix as Buffer, choices, this.#suffix];
  }

  /** What ends a stream: the usage, when it was asked for, and `[DONE]`. */
  ending(usage: TokenUsage): string {
    const last = this.#withUsage
      ? `${(this.#prefix as Buffer).toString()}[],"usage":${JSON.stringify(publicUsage(usage))}}\n\n`
      : '';
    return `${last}data: [DONE]\n\n`;
  }

  /** A whole answer. `choices` is JSON text. */
  answer(head: GenerationHead, choices: string, usage: TokenUsage): string {
    return `${this.#open(ANSWER_OBJECT, head.systemFingerprint)}"choices":${choices},"usage":${JSON.stringify(publicUsage(usage))}}`;
  }

  #open(object: string, systemFingerprint: string | undefined): string {
    const { id, createdSeconds, model, tier } = this.#fields;
    const fields = {
      id,
      object,
      created: createdSeconds,
      model,
      service_tier: tier,
      system_fingerprint: systemFingerprint,
    };
    return `${JSON.stringify(fields).slice(0, -1)},`;
  }
}

export function publicUsage(usage: TokenUsage): z.infer<typeof completionUsage> {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: usage.acceptedPredictionTokens,
      rejected_prediction_tokens: usage.rejectedPredictionTokens,
    },
  };
}
