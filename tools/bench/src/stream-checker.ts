import { SseParser } from './sse-parser.ts';

const problemsMax = 3;

export interface StreamVerdict {
  ok: boolean;
  /** Number of received events, including `[DONE]`. */
  frames: number;
  /** Expected tokens that were received completely and in order. */
  tokens: number;
  /** The first few errors; empty when `ok`. */
  problems: string[];
}

interface Chunk {
  id?: unknown;
  object?: unknown;
  model?: unknown;
  error?: unknown;
  choices?: { index?: unknown; delta?: { role?: unknown; content?: unknown }; finish_reason?: unknown }[];
}

/**
 * Compares one streamed chat completion, byte by byte, with the expected one: first the role, then the text of every
 * token in order, then one finish reason, then `[DONE]`, nothing after it, and the same id and model in every chunk. A
 * gateway may merge tokens into one delta, but not drop, repeat, reorder or change any.
 */
export class StreamChecker {
  readonly #expected: readonly string[];
  readonly #onFirstToken: () => void;
  readonly #sse = new SseParser((data, type) => this.#event(data, type));
  readonly #problems: string[] = [];
  #frames = 0;
  #tokens = 0;
  /** The part of the next expected token that was received. */
  #partial = '';
  #role = false;
  #lost = false;
  #finished = false;
  #done = false;
  #id: unknown;
  #model: unknown;

  constructor(expected: readonly string[], onFirstToken: () => void = () => {}) {
    this.#expected = expected;
    this.#onFirstToken = onFirstToken;
  }

  /** Number of expected tokens that were not received yet. */
  get remaining(): number {
    return this.#expected.length - this.#tokens;
  }

  push(bytes: Buffer): void {
    try {
      this.#sse.push(bytes);
    } catch (error) {
      this.#problem(String(error));
    }
  }

  /** Call it once, when the response has ended. */
  finish(): StreamVerdict {
    if (this.#sse.unfinished) this.#problem('the stream ends inside a frame');
    if (this.remaining > 0) this.#problem(`${this.remaining} of ${this.#expected.length} tokens are missing`);
    if (!this.#finished) this.#problem('there is no finish reason');
    if (!this.#done) this.#problem('there is no [DONE]');
    return {
      ok: this.#problems.length === 0,
      frames: this.#frames,
      tokens: this.#tokens,
      problems: [...this.#problems],
    };
  }

  #event(data: string, type: string): void {
    this.#frames += 1;
    if (this.#done) return this.#problem(`a frame after [DONE]: ${shown(data)}`);
    if (data === '[DONE]') {
      this.#done = true;
      return;
    }
    let chunk: Chunk | null;
    try {
      chunk = JSON.parse(data) as Chunk | null;
    } catch {
      return this.#problem(`frame ${this.#frames} is not JSON: ${shown(data)}`);
    }
    if (type === 'error' || chunk === null || typeof chunk !== 'object' || chunk.error !== undefined) {
      return this.#problem(`an error event: ${shown(data)}`);
    }
    this.#chunk(chunk, data);
  }

  #chunk(chunk: Chunk, data: string): void {
    this.#id ??= chunk.id;
    this.#model ??= chunk.model;
    const sameStream = chunk.id === this.#id && chunk.model === this.#model && typeof chunk.id === 'string';
    if (!sameStream || chunk.object !== 'chat.completion.chunk' || !Array.isArray(chunk.choices)) {
      return this.#problem(`frame ${this.#frames} does not belong to this stream: ${shown(data)}`);
    }
    const choice = chunk.choices[0];
    // The usage chunk has no choice.
    if (choice === undefined) return;
    if (choice.index !== 0) return this.#problem(`frame ${this.#frames} is of another choice: ${shown(data)}`);
    if (choice.delta?.role === 'assistant') this.#role = true;
    const content = choice.delta?.content;
    if (typeof content === 'string' && content !== '') this.#content(content);
    if (choice.finish_reason !== null && choice.finish_reason !== undefined) {
      if (this.#finished) this.#problem('there is more than one finish reason');
      this.#finished = true;
    }
  }

  #content(content: string): void {
    if (!this.#role) this.#problem('content comes before the role');
    if (this.#finished) this.#problem('content comes after the finish reason');
    // After the first mismatch every later token would be reported too; one error per stream suffices.
    if (this.#lost) return;
    let got = this.#partial + content;
    if (this.#tokens === 0 && this.#partial === '') this.#onFirstToken();
    while (got !== '') {
      const next = this.#expected[this.#tokens] ?? '';
      if (next !== '' && got.startsWith(next)) {
        this.#tokens += 1;
        got = got.slice(next.length);
      } else if (next.startsWith(got)) {
        break;
      } else {
        this.#lost = true;
        return this.#problem(`frame ${this.#frames}: expected ${JSON.stringify(next)}, got ${shown(got)}`);
      }
    }
    this.#partial = got;
  }

  #problem(problem: string): void {
    if (this.#problems.length < problemsMax) this.#problems.push(problem);
  }
}

function shown(data: string): string {
  return JSON.stringify(data.slice(0, 120));
}
