/**
 * Parses streamed output into reasoning, content and tool calls. A tag may be split anywhere, so text that could be the beginning
 * of one is held back; white space around tags is dropped.
 *
 *     start ──<think>──> reasoning ──</think>──> content <──> call
 *       └──────────────────────────────────────────^
 */
import type { Dialect } from './dialect.ts';
import { ToolCallReader } from './tool-call-reader.ts';

export type ReplyPart =
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'content'; readonly text: string }
  /** A tool call has begun; its arguments follow in pieces. */
  | { readonly type: 'call'; readonly name: string }
  | { readonly type: 'arguments'; readonly text: string }
  | { readonly type: 'call ended' };

export interface ReplyReaderOptions {
  /** `open`: the prompt ends with the opening tag. */
  readonly reasoning: 'disabled' | 'optional' | 'open';
  readonly mayCall: boolean;
}

type State = 'start' | 'reasoning' | 'content' | 'call';

export class ReplyReader {
  readonly #dialect: Dialect;
  readonly #mayCall: boolean;
  #state: State;
  #held = '';
  /** White space after a tag is dropped. */
  #afterTag = false;
  #call: ToolCallReader | undefined;

  constructor(dialect: Dialect, { reasoning, mayCall }: ReplyReaderOptions) {
    this.#dialect = dialect;
    this.#mayCall = mayCall;
    this.#state = reasoning === 'open' ? 'reasoning' : reasoning === 'optional' ? 'start' : 'content';
  }

  get isReasoning(): boolean {
    return this.#state === 'reasoning';
  }

  get isCalling(): boolean {
    return this.#state === 'call';
  }

  push(text: string): ReplyPart[] {
    const parts: ReplyPart[] = [];
    this.#held += text;
    while (this.#step(parts));
    return parts;
  }

  /** Returns the held text at the end of the output. An incomplete tag is text. */
  end(): ReplyPart[] {
    const rest = this.#held;
    this.#held = '';
    if (rest === '' || this.#state === 'call') return [];
    return this.#state === 'reasoning' ? [{ type: 'reasoning', text: rest }] : this.#content(rest);
  }

  /** Consumes as much of the held text as the state allows; true when the next state may consume more. */
  #step(parts: ReplyPart[]): boolean {
    switch (this.#state) {
      case 'start':
        return this.#begin();
      case 'reasoning':
        return this.#takeUntil(this.#dialect.reasoningCloses, 'content', (text) => {
          if (text !== '') parts.push({ type: 'reasoning', text });
        });
      case 'content':
        if (!this.#mayCall) return this.#takeAll(parts);
        return this.#takeUntil(this.#dialect.callOpens, 'call', (text) => parts.push(...this.#content(text)));
      case 'call':
        this.#call ??= new ToolCallReader();
        if (!this.#takeUntil(this.#dialect.callCloses, 'content', (text) => parts.push(...this.#called(text))))
          return false;
        this.#call = undefined;
        parts.push({ type: 'call ended' });
        return true;
    }
  }

  /** Whether the output begins with reasoning is known once it is as long as the tag. */
  #begin(): boolean {
    const begun = this.#held.trimStart();
    const { reasoningOpens } = this.#dialect;
    if (begun.length < reasoningOpens.length && reasoningOpens.startsWith(begun)) return false;
    const isReasoning = begun.startsWith(reasoningOpens);
    this.#state = isReasoning ? 'reasoning' : 'content';
    if (isReasoning) this.#held = begun.slice(reasoningOpens.length);
    return true;
  }

  #takeUntil(tag: string, next: State, take: (text: string) => void): boolean {
    const at = this.#held.indexOf(tag);
    if (at >= 0) {
      // White space before a tag is dropped.
      take(this.#held.slice(0, at).trimEnd());
      this.#held = this.#held.slice(at + tag.length);
      this.#afterTag = true;
      this.#state = next;
      return true;
    }
    const safe = this.#held.length - heldBack(this.#held, tag);
    take(this.#held.slice(0, safe));
    this.#held = this.#held.slice(safe);
    return false;
  }

  #takeAll(parts: ReplyPart[]): false {
    parts.push(...this.#content(this.#held));
    this.#held = '';
    return false;
  }

  #content(text: string): ReplyPart[] {
    const shown = this.#afterTag ? text.trimStart() : text;
    if (shown === '') return [];
    this.#afterTag = false;
    return [{ type: 'content', text: shown }];
  }

  #called(text: string): ReplyPart[] {
    const piece = this.#call?.push(text);
    if (piece === undefined) return [];
    return [
      ...(piece.name === undefined ? [] : [{ type: 'call', name: piece.name } as const]),
      ...(piece.arguments === '' ? [] : [{ type: 'arguments', text: piece.arguments } as const]),
    ];
  }
}

/** Returns the length of the suffix that may belong to the tag: a prefix of the tag, and the white space before it. */
function heldBack(text: string, tag: string): number {
  let length = Math.min(tag.length - 1, text.length);
  while (length > 0 && !text.endsWith(tag.slice(0, length))) length -= 1;
  return text.length - text.slice(0, text.length - length).trimEnd().length;
}
