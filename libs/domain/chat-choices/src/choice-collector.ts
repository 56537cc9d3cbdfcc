/** Joins the chunks of one choice into the message of a response that is not streamed. */
import type { Choice, ChunkChoice, ToolCallDelta } from './choice.ts';

interface CollectedCall {
  id: string;
  name: string;
  readonly arguments: string[];
}

export class ChoiceCollector {
  readonly #index: number;
  readonly #texts: Record<'content' | 'refusal' | 'reasoning', string[]> = { content: [], refusal: [], reasoning: [] };
  readonly #annotations: unknown[] = [];
  readonly #calls = new Map<number, CollectedCall>();
  #finishReason: string | undefined;
  #whole: Choice | undefined;
  #logprobs: { content: unknown[] | null; refusal: unknown[] | null } | undefined;

  constructor(index: number) {
    this.#index = index;
  }

  add({ delta, finish_reason: finishReason, logprobs }: ChunkChoice): void {
    if (typeof delta.content === 'string') this.#texts.content.push(delta.content);
    if (typeof delta.refusal === 'string') this.#texts.refusal.push(delta.refusal);
    if (typeof delta.reasoning_content === 'string') this.#texts.reasoning.push(delta.reasoning_content);
    if (Array.isArray(delta.annotations)) this.#annotations.push(...delta.annotations);
    for (const call of delta.tool_calls ?? []) this.#addCall(call);
    if (finishReason !== null) this.#finishReason = finishReason;
    if (logprobs !== null && typeof logprobs === 'object') this.#addLogprobs(logprobs);
  }

  /** Sets a whole choice, for an engine that does not stream. It is returned unchanged. */
  set(choice: Choice): void {
    this.#whole = choice;
  }

  /** Returns the choice so far. Without a finish reason it was stopped by the platform: `length`. */
  choice(): Choice {
    if (this.#whole !== undefined) return this.#whole;
    const { content, refusal, reasoning } = this.#texts;
    return {
      index: this.#index,
      message: {
        role: 'assistant',
        // With tool calls, content is null rather than empty, which clients would show as a message.
        content: this.#calls.size > 0 && content.every((text) => text === '') ? null : content.join(''),
        refusal: refusal.length === 0 ? null : refusal.join(''),
        annotations: this.#annotations,
        ...(reasoning.length > 0 && { reasoning_content: reasoning.join('') }),
        ...(this.#calls.size > 0 && {
          tool_calls: this.#callsInOrder().map(({ id, name, arguments: parts }) => ({
            id,
            type: 'function',
            function: { name, arguments: parts.join('') },
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

  /** Servers send null for unchanged fields, and some omit the index: such a delta belongs to the previous call. */
  #addCall({ index, id, function: called }: ToolCallDelta): void {
    const at = typeof index === 'number' ? index : Math.max(0, this.#calls.size - (typeof id === 'string' ? 0 : 1));
    const call = this.#calls.get(at) ?? { id: '', name: '', arguments: [] };
    this.#calls.set(at, call);
    if (typeof id === 'string') call.id = id;
    if (typeof called?.name === 'string') call.name = called.name;
    if (typeof called?.arguments === 'string') call.arguments.push(called.arguments);
  }

  #addLogprobs({ content, refusal }: { content?: unknown[] | null; refusal?: unknown[] | null }): void {
    this.#logprobs = {
      content: joined(this.#logprobs?.content, content),
      refusal: joined(this.#logprobs?.refusal, refusal),
    };
  }
}

/** Appends a list to another, either of which may be missing; mutates the first. */
function joined<T>(list: T[] | null | undefined, more: readonly T[] | null | undefined): T[] | null {
  if (list == null || more == null) return list ?? (more == null ? null : [...more]);
  for (const entry of more) list.push(entry);
  return list;
}
