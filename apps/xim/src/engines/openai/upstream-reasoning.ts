/**
 * Reads the reasoning of a model, which servers return under various field names or in the content between tags. Clients receive
 * it as `reasoning_content` on request.
 */
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import type { Json } from './upstream-json.ts';
import { readReasoningParts } from './upstream-text.ts';

export function wantsReasoning(request: ChatCompletionRequest): boolean {
  return request.include_reasoning === true || request.x_events === true;
}

/**
 * Returns the reasoning in a message or delta, `''` when there is none. Some servers send the same text under several names: the
 * first one that is not empty is used.
 */
export function readReasoning(message: Json): string {
  const { reasoning_content: a, reasoning: b, thinking: c, reasoning_details: d, thinking_blocks: e } = message;
  // The fast path of nearly every delta.
  if (a == null && b == null && c == null && d == null && e == null) return '';
  for (const value of [a, b, c, d, e]) {
    const text = readReasoningParts(value);
    if (text !== '') return text;
  }
  return '';
}

/** Tags of models whose reasoning the server does not parse: Qwen, DeepSeek and similar ones; Magistral. */
const TAGS = [
  { open: '<think>', close: '</think>' },
  { open: '[THINK]', close: '[/THINK]' },
] as const;

/**
 * Extracts reasoning between tags from streamed content, wherever the tags are split. Only a tag at the very beginning counts,
 * since a text may mention tags. Unterminated reasoning extends to the end.
 *
 *     before ──open──> inside ──close──> between ──text──> after
 *        └────────────── other text ─────────────────────────^
 */
export class ThinkTagReader {
  /** The reasoning and the content of the last call. */
  reasoning = '';
  content = '';
  #state: 'before' | 'inside' | 'between' | 'after' = 'before';
  #close = '';
  #held = '';

  /** Whether the content no longer needs to be parsed. */
  get isDone(): boolean {
    return this.#state === 'after';
  }

  /** Whether text is held back that may be the beginning of a tag. */
  get isHolding(): boolean {
    return this.#state === 'before' && this.#held !== '';
  }

  push(piece: string): void {
    this.reasoning = '';
    this.content = '';
    const text = this.#held + piece;
    this.#held = '';
    if (this.#state === 'before') this.#before(text);
    else if (this.#state === 'inside') this.#inside(text);
    else if (this.#state === 'between') this.#between(text);
    else this.content = text;
  }

  /** Ends parsing, and releases the held text as reasoning or content, depending on the state. */
  end(): void {
    this.reasoning = this.#state === 'inside' ? this.#held : '';
    this.content = this.#state === 'inside' ? '' : this.#held;
    this.#held = '';
    this.#state = 'after';
  }

  #before(text: string): void {
    const begun = text.trimStart();
    const tag = TAGS.find(({ open }) => begun.startsWith(open));
    if (tag !== undefined) {
      this.#state = 'inside';
      this.#close = tag.close;
      this.#inside(begun.slice(tag.open.length));
    } else if (begun === '' || TAGS.some(({ open }) => open.startsWith(begun))) {
      this.#held = text;
    } else {
      this.#state = 'after';
      this.content = text;
    }
  }

  #inside(text: string): void {
    const end = text.indexOf(this.#close);
    if (end === -1) {
      const kept = text.length - partialMatchLength(text, this.#close);
      this.reasoning = text.slice(0, kept);
      this.#held = text.slice(kept);
      return;
    }
    this.reasoning = text.slice(0, end);
    this.#state = 'between';
    this.#between(text.slice(end + this.#close.length));
  }

  /** White space after the reasoning is dropped. */
  #between(text: string): void {
    this.content = text.trimStart();
    if (this.content !== '') this.#state = 'after';
  }
}

/** Returns the length of the longest suffix of the text that is a proper prefix of the tag. */
function partialMatchLength(text: string, tag: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length -= 1)
    if (tag.startsWith(text.slice(-length))) return length;
  return 0;
}
