/**
 * From the text that a model writes to the chunks of the answer: thoughts are left out unless they are wanted, stop strings end the answer, tool
 * calls become deltas, and the grammar follows where the model is.
 */
import { randomBytes } from 'node:crypto';
import {
  argumentsChunk,
  callChunk,
  contentChunk,
  finishChunk,
  roleChunk,
  reasoningChunk,
  withRole,
} from '../chunk-events.ts';
import type { FinishReason } from '../chunk-events.ts';
import type { EngineEvent } from '../engine.ts';
import { StopMatcher } from '../stop-matcher.ts';
import type { GrammarGuide } from './grammar/grammar-guide.ts';
import type { ReplyPart, ReplyReader } from './reply-reader.ts';

export interface ReplyWriterOptions {
  readonly choiceIndex: number;
  readonly reader: ReplyReader;
  readonly guide: Pick<GrammarGuide, 'callOpened' | 'callClosed'>;
  readonly stops: readonly string[];
  readonly mayCall: boolean;
  /** Whether thoughts are given out, beside the answer and never in it. */
  readonly showsReasoning: boolean;
  /** Whether a second call may follow the first. */
  readonly parallelCalls: boolean;
}

export class ReplyWriter {
  readonly #options: ReplyWriterOptions;
  readonly #matcher: StopMatcher;
  #calls = 0;
  #hasBegun = false;
  #isOver = false;

  constructor(options: ReplyWriterOptions) {
    this.#options = options;
    this.#matcher = new StopMatcher(options.stops);
  }

  /** Whether what the model would write next is not a part of the answer. */
  get isOver(): boolean {
    return this.#isOver;
  }

  push(text: string): EngineEvent[] {
    const { reader, guide } = this.#options;
    const wasCalling = reader.isCalling;
    const events = reader.push(text).flatMap((part) => this.#eventsOf(part));
    if (reader.isCalling && !wasCalling) guide.callOpened();
    // Whether there is a text is only known when the answer turns out to be one, or a call.
    return events.length === 0 && this.#options.mayCall ? [] : this.#begun(events);
  }

  /** What was held back, and the end. */
  end(reason: 'stop' | 'length'): EngineEvent[] {
    const { reader, choiceIndex } = this.#options;
    const events = this.#isOver ? [] : reader.end().flatMap((part) => this.#eventsOf(part));
    const rest = this.#isOver ? '' : this.#matcher.flush();
    if (rest !== '') events.push(contentChunk(choiceIndex, rest));
    const finish: FinishReason = reason === 'stop' && this.#calls > 0 ? 'tool_calls' : reason;
    return this.#begun([...events, finishChunk(choiceIndex, finish)]);
  }

  /** The first of all chunks has the role: beside an empty text, or beside a call and no text. */
  #begun(events: EngineEvent[]): EngineEvent[] {
    if (this.#hasBegun) return events;
    this.#hasBegun = true;
    const [first, ...others] = events;
    return this.#calls > 0 && first !== undefined
      ? [withRole(first), ...others]
      : [roleChunk(this.#options.choiceIndex), ...events];
  }

  #eventsOf(part: ReplyPart): EngineEvent[] {
    if (this.#isOver) return [];
    const { choiceIndex, guide, parallelCalls, showsReasoning } = this.#options;
    switch (part.type) {
      case 'reasoning':
        return showsReasoning ? [reasoningChunk(choiceIndex, part.text)] : [];
      case 'content':
        return this.#content(part.text);
      case 'call':
        this.#calls += 1;
        return [callChunk(choiceIndex, this.#calls - 1, `call_${randomBytes(12).toString('hex')}`, part.name)];
      case 'arguments':
        return [argumentsChunk(choiceIndex, this.#calls - 1, part.text)];
      case 'call ended':
        guide.callClosed();
        this.#isOver = !parallelCalls;
        return [];
    }
  }

  /** After a call, nothing but another call is a part of the answer. */
  #content(text: string): EngineEvent[] {
    if (this.#calls > 0) {
      this.#isOver = true;
      return [];
    }
    const matched = this.#matcher.push(text);
    this.#isOver = matched.stopped;
    return matched.text === '' ? [] : [contentChunk(this.#options.choiceIndex, matched.text)];
  }
}
