/** Joins the chunks of one choice into the message of an answer that is not streamed. */
import type { Choice, ChunkChoice, ToolCallDelta } from './choice.ts';

interface CollectedCall {
  id: string;
  name: string;
  readonly pieces: string[];
}

export class ChoiceCollector {
  readonly #index: number;
  #content: string[] = [];
  #refusal: string[] = [];
  #reasoning: string[] = [];
  readonly #annotations: unknown[] = [];
  readonly #calls = new Map<number, CollectedCall>();
  #finishReason: string | undefined;
  #whole: Choice | undefined;
  #logprobs: { content: unknown[] | null; refusal: unknown[] | null } | undefined;

  constructor(index: number) {
    this.#index = index;
  }

  add({ delta, finish_reason: finishReason, logprobs }: ChunkChoice): void {
    if (typeof delta.content === 'string') this.#content.push(delta.content);
    if (typeof delta.refusal === 'string') this.#refusal.push(delta.refusal);
    if (typeof delta.reasoning_content === 'string') this.#reasoning.push(delta.reasoning_content);
    if (Array.isArray(delta.annotations)) this.#annotations.push(...delta.annotations);
    for (const call of delta.tool_calls ?? []) this.#addCall(call);
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
        // Beside calls, a message has text or none: an empty text would be an answer.
        content: this.#calls.size > 0 && this.#content.every((text) => text === '') ? null : this.#content.join(''),
        refusal: this.#refusal.length === 0 ? null : this.#refusal.join(''),
        annotations: this.#annotations,
        ...(this.#reasoning.length > 0 && { reasoning_content: this.#reasoning.join('') }),
        ...(this.#calls.size > 0 && {
          tool_calls: this.#callsInOrder().map(({ id, name, pieces }) => ({
            id,
            type: 'function',
            function: { name, arguments: pieces.join('') },
          })),
        }),
      },
      logprobs: this.#logprobs ?? null,
      finish_reason: this.#finishReason ?? 'length',
    };
  }

  #callsInOrder(): CollectedCall[] {
    return [...this.#calls].toSorted(([a], [b]) => a - b).map(([, call]) => call);
  }

  /** Servers write null where there is nothing new, and some leave the index out: such a piece is of the call before it. */
  #addCall({ index, id, function: called }: ToolCallDelta): void {
    const at = typeof index === 'number' ? index : Math.max(0, this.#calls.size - (typeof id === 'string' ? 0 : 1));
    const call = this.#calls.get(at) ?? { id: '', name: '', pieces: [] };
    this.#calls.set(at, call);
    if (typeof id === 'string') call.id = id;
    if (typeof called?.name === 'string') call.name = called.name;
    if (typeof called?.arguments === 'string') call.pieces.push(called.arguments);
  }

  #addLogprobs({ content, refusal }: { content?: unknown[] | null; refusal?: unknown[] | null }): void {
    this.#logprobs = {
      content: joined(this.#logprobs?.content, content),
      refusal: joined(this.#logprobs?.refusal, refusal),
    };
  }
}

/** One list of two, either of which may not be there; the first one grows. */
function joined<T>(list: T[] | null | undefined, more: readonly T[] | null | undefined): T[] | null {
  if (list == null || more == null) return list ?? (more == null ? null : [...more]);
  for (const entry of more) list.push(entry);
  return list;
}
