/**
 * Converts generated text to the chunks of a choice: reasoning is omitted unless it is requested, stop strings end the content,
 * tool calls become deltas, and the grammar follows the position in the output.
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
  /** Whether reasoning is returned, separate from the content. */
  readonly showsReasoning: boolean;
  /** Whether a second call may follow the first. */
  readonly parallelCalls: boolean;
}

export class ReplyWriter {
  readonly #options: ReplyWriterOptions;
  readonly #matcher: StopMatcher;
  #calls = 0;
  #hasBegun = false;
  #isDone = false;

  constructor(options: ReplyWriterOptions) {
    this.#options = options;
    this.#matcher = new StopMatcher(options.stops);
  }

  /** Whether further output of the model is not a part of the choice. */
  get isDone(): boolean {
    return this.#isDone;
  }

  push(text: string): EngineEvent[] {
    const { reader, guide } = this.#options;
    const wasCalling = reader.isCalling;
    const events = reader.push(text).flatMap((part) => this.#eventsOf(part));
    if (reader.isCalling && !wasCalling) guide.callOpened();
    // The first chunk has content or a tool call, which is not known yet.
    return events.length === 0 && this.#options.mayCall ? [] : this.#begun(events);
  }

  /** Returns the held text and the finish chunk. */
  end(reason: 'stop' | 'length'): EngineEvent[] {
    const { reader, choiceIndex } = this.#options;
    const events = this.#isDone ? [] : reader.end().flatMap((part) => this.#eventsOf(part));
    const rest = this.#isDone ? '' : this.#matcher.flush();
    if (rest !== '') events.push(contentChunk(choiceIndex, rest));
    const finish: FinishReason = reason === 'stop' && this.#calls > 0 ? 'tool_calls' : reason;
    return this.#begun([...events, finishChunk(choiceIndex, finish)]);
  }

  /** Adds the role to the first chunk: with empty content, or with a tool call and no content. */
  #begun(events: EngineEvent[]): EngineEvent[] {
    if (this.#hasBegun) return events;
    this.#hasBegun = true;
    const [first, ...others] = events;
    return this.#calls > 0 && first !== undefined
      ? [withRole(first), ...others]
      : [roleChunk(this.#options.choiceIndex), ...events];
  }

  #eventsOf(part: ReplyPart): EngineEvent[] {
    if (this.#isDone) return [];
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
        this.#isDone = !parallelCalls;
        return [];
    }
  }

  /** After a tool call, only another tool call is a part of the choice. */
  #content(text: string): EngineEvent[] {
    if (this.#calls > 0) {
      this.#isDone = true;
      return [];
    }
    const matched = this.#matcher.push(text);
    this.#isDone = matched.stopped;
    return matched.text === '' ? [] : [contentChunk(this.#options.choiceIndex, matched.text)];
  }
}
