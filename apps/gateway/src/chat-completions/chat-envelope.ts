/**
 * The fields around `choices` in a completion and in every chunk of a stream. The JSON text of the choices is forwarded from the
 * worker without parsing; only the envelope is serialized here, once per request.
 */
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { GenerationHead } from '@xerotier/contracts/xim';
import type { z } from 'zod';
import type { completionUsage } from '@xerotier/public-api/chat-completions';
import { splitVendorEvents } from './vendor-events.ts';

export interface ChatEnvelopeOptions {
  /** Adds `usage: null` to chunks, and a last chunk with the usage. Default false. */
  readonly withUsage?: boolean;
  /** Moves reasoning to vendor events. Default false: chunks are unchanged. */
  readonly vendorEvents?: boolean;
  /** With vendor events, keeps reasoning in the chunks too. Default false. */
  readonly reasoningInChunks?: boolean;
}

export interface ChatEnvelopeFields {
  readonly id: string;
  readonly createdSeconds: number;
  readonly model: string;
  readonly tier: string;
}

const CHUNK_OBJECT = 'chat.completion.chunk';
const RESPONSE_OBJECT = 'chat.completion';

export class ChatEnvelope {
  readonly #fields: ChatEnvelopeFields;
  readonly #options: ChatEnvelopeOptions;
  #prefix: Buffer | undefined;
  readonly #suffix: Buffer;

  constructor(fields: ChatEnvelopeFields, options: ChatEnvelopeOptions = {}) {
    this.#fields = fields;
    this.#options = options;
    this.#suffix = Buffer.from(options.withUsage === true ? ',"usage":null}\n\n' : '}\n\n');
  }

  /** Sets the head, which is known with the first token; chunks contain its fingerprint. */
  begin(head: GenerationHead): void {
    this.#prefix = Buffer.from(`data: ${this.#open(CHUNK_OBJECT, head)}"choices":`);
  }

  /** Returns one or more server-sent events, as parts to be concatenated. */
  chunk(choices: Uint8Array): readonly Uint8Array[] {
    if (this.#options.vendorEvents !== true) return [this.#prefix as Buffer, choices, this.#suffix];
    const { events, choices: remaining } = splitVendorEvents(
      choices,
      this.#fields.id,
      this.#options.reasoningInChunks === true,
    );
    const chunk = remaining === undefined ? [] : [this.#prefix as Buffer, Buffer.from(remaining), this.#suffix];
    return events === '' ? chunk : [Buffer.from(events), ...chunk];
  }

  /** Returns the end of a stream: the usage, if it was requested, and `[DONE]`. */
  ending(usage: TokenUsage): string {
    const last = this.#options.withUsage
      ? `${(this.#prefix as Buffer).toString()}[],"usage":${JSON.stringify(publicUsage(usage))}}\n\n`
      : '';
    return `${last}data: [DONE]\n\n`;
  }

  /** Returns a whole completion. @param choices JSON text. */
  completion(head: GenerationHead, choices: string, usage: TokenUsage): string {
    return `${this.#open(RESPONSE_OBJECT, head)}"choices":${choices},"usage":${JSON.stringify(publicUsage(usage))}}`;
  }

  #open(object: string, { systemFingerprint, adjustedReasoningEffort }: GenerationHead): string {
    const { id, createdSeconds, model, tier } = this.#fields;
    const fields = {
      id,
      object,
      created: createdSeconds,
      model,
      service_tier: tier,
      system_fingerprint: systemFingerprint,
      x_adjusted_reasoning_effort: adjustedReasoningEffort,
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
