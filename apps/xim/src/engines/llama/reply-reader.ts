/**
 * Takes a reply apart while it is written: thoughts, the answer itself, and tool calls. A mark may be cut anywhere, so text
 * that could be the beginning of one is held back; white space around marks belongs to neither side.
 *
 *     start ──<think>──> thought ──</think>──> answer <──> call
 *       └────────────────────────────────────────^
 */
import type { Dialect } from './dialect.ts';
import { ToolCallReader } from './tool-call-reader.ts';

export type ReplyPart =
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'content'; readonly text: string }
  /** A call has begun; its arguments follow, piece by piece. */
  | { readonly type: 'call'; readonly name: string }
  | { readonly type: 'arguments'; readonly text: string }
  | { readonly type: 'call ended' };

export interface ReplyReaderOptions {
  /** `begun`: the prompt has opened the thought already. */
  readonly thinking: 'impossible' | 'possible' | 'begun';
  readonly mayCall: boolean;
}

type State = 'start' | 'reasoning' | 'content' | 'call';

export class ReplyReader {
  readonly #dialect: Dialect;
  readonly #mayCall: boolean;
  #state: State;
  #held = '';
  /** White space at the beginning of what follows a mark belongs to the mark. */
  #afterMark = false;
  #call: ToolCallReader | undefined;

  constructor(dialect: Dialect, { thinking, mayCall }: ReplyReaderOptions) {
    this.#dialect = dialect;
    this.#mayCall = mayCall;
    this.#state = thinking === 'begun' ? 'reasoning' : thinking === 'possible' ? 'start' : 'content';
  }

  get isThinking(): boolean {
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

  /** What was held back, when the reply has ended. A mark that was never completed is text. */
  end(): ReplyPart[] {
    const rest = this.#held;
    this.#held = '';
    if (rest === '' || this.#state === 'call') return [];
    return this.#state === 'reasoning' ? [{ type: 'reasoning', text: rest }] : this.#content(rest);
  }

  /** Takes as much of the held text as its state can; true when another state may take more. */
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

  /** Whether the reply begins with a thought is known when as much has come as the mark is long. */
  #begin(): boolean {
    const begun = this.#held.trimStart();
    const { reasoningOpens } = this.#dialect;
    if (begun.length < reasoningOpens.length && reasoningOpens.startsWith(begun)) return false;
    const thinks = begun.startsWith(reasoningOpens);
    this.#state = thinks ? 'reasoning' : 'content';
    if (thinks) this.#held = begun.slice(reasoningOpens.length);
    return true;
  }

  #takeUntil(mark: string, next: State, take: (text: string) => void): boolean {
    const at = this.#held.indexOf(mark);
    if (at >= 0) {
      // White space before a mark is a part of the mark.
      take(this.#held.slice(0, at).trimEnd());
      this.#held = this.#held.slice(at + mark.length);
      this.#afterMark = true;
      this.#state = next;
      return true;
    }
    const safe = this.#held.length - heldBack(this.#held, mark);
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
    const shown = this.#afterMark ? text.trimStart() : text;
    if (shown === '') return [];
    this.#afterMark = false;
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

/** How much at the end of the text may belong to the mark: a beginning of it, and the white space before that. */
function heldBack(text: string, mark: string): number {
  let length = Math.min(mark.length - 1, text.length);
  while (length > 0 && !text.endsWith(mark.slice(0, length))) length -= 1;
  return text.length - text.slice(0, text.length - length).trimEnd().length;
}
