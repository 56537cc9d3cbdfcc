/** Joins the chunks of one choice into the message of an answer that is not streamed. */
import type { Choice, ChunkChoice } from '../engines/engine.ts';

export class ChoiceCollector {
  readonly #index: number;
  #content: string[] = [];
  #refusal: string[] = [];
  #finishReason: string | undefined;
  #whole: Choice | undefined;
  #logprobs: { content: unknown[]; refusal: unknown[] } | undefined;

  constructor(index: number) {
    this.#index = index;
  }

  add({ delta, finish_reason: finishReason, logprobs }: ChunkChoice): void {
    if (typeof delta.content === 'string') this.#content.push(delta.content);
    if (typeof delta.refusal === 'string') this.#refusal.push(delta.refusal);
    if (finishReason !== null) this.#finishReason = finishReason;
    if (logprobs !== null && typeof logprobs === 'object') this.#addLogprobs(logprobs);
  }

  /** An engine that had the whole answer at once: it is passed on as it is. */
  set(choice: Choice): void {
    this.#whole = choice;
  }

  /** The choice as it stands. One that never finished was stopped from outside: `length`. */
  choice(): Choice {
    if (this.#whole !== undefined) return this.#whole;
    return {
      index: this.#index,
      message: {
        role: 'assistant',
        content: this.#content.join(''),
        refusal: this.#refusal.length === 0 ? null : this.#refusal.join(''),
        annotations: [],
      },
      logprobs: this.#logprobs ?? null,
      finish_reason: this.#finishReason ?? 'length',
    };
  }

  #addLogprobs({ content, refusal }: { content?: unknown[] | null; refusal?: unknown[] | null }): void {
    this.#logprobs ??= { content: [], refusal: [] };
    this.#logprobs.content.push(...(content ?? []));
    this.#logprobs.refusal.push(...(refusal ?? []));
  }
}
