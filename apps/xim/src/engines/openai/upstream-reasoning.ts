/**
 * What a server tells of a model's reasoning: as a field of one of many names, or in the content between tags. Clients get it
 * as `reasoning_content` when they ask for it.
 */
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import type { Json } from './upstream-json.ts';
import { readReasoningParts } from './upstream-text.ts';

export function wantsReasoning(request: ChatCompletionRequest): boolean {
  return request.include_reasoning === true || request.x_events === true;
}

/**
 * The reasoning in a message or delta, `''` when there is none. Several servers send the same text under several names: the
 * first that is not empty counts.
 */
export function readReasoning(told: Json): string {
  const { reasoning_content: a, reasoning: b, thinking: c, reasoning_details: d, thinking_blocks: e } = told;
  // Nearly every delta.
  if (a == null && b == null && c == null && d == null && e == null) return '';
  for (const value of [a, b, c, d, e]) {
    const text = readReasoningParts(value);
    if (text !== '') return text;
  }
  return '';
}

/** Of models that the server does not read itself: Qwen, DeepSeek and their like; Magistral. */
const TAGS = [
  { open: '<think>', close: '</think>' },
  { open: '[THINK]', close: '[/THINK]' },
] as const;

/**
 * Takes reasoning between tags out of content, wherever the tags are cut. Only tags at the very beginning count: a text may
 * speak of them. Reasoning that is never closed is all there is.
 *
 *     before ──open──> inside ──close──> between ──text──> after
 *        └────────────── other text ─────────────────────────^
 */
export class ThinkTagReader {
  /** What the last call found. */
  reasoning = '';
  content = '';
  #state: 'before' | 'inside' | 'between' | 'after' = 'before';
  #close = '';
  #held = '';

  /** Nothing is looked at any more: content may be taken as it comes. */
  get isDone(): boolean {
    return this.#state === 'after';
  }

  /** Text is held back that may still turn out to be reasoning. */
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

  /** The content is over, or its beginning is: what was held back is what it looks like. */
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
      const kept = text.length - beginningAtEnd(text, this.#close);
      this.reasoning = text.slice(0, kept);
      this.#held = text.slice(kept);
      return;
    }
    this.reasoning = text.slice(0, end);
    this.#state = 'between';
    this.#between(text.slice(end + this.#close.length));
  }

  /** White space after the reasoning is a part of neither. */
  #between(text: string): void {
    this.content = text.trimStart();
    if (this.content !== '') this.#state = 'after';
  }
}

/** How many characters at the end of the text are a beginning of the tag. */
function beginningAtEnd(text: string, tag: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length -= 1)
    if (tag.startsWith(text.slice(-length))) return length;
  return 0;
}
