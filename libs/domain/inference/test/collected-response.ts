/** Records the calls of an inference run to its sink, in order. */
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { GenerationHead } from '@xerotier/contracts/xim';
import type { AppError } from '@xerotier/errors';
import type { ResponseSink } from '../src/index.ts';

export class CollectedResponse implements ResponseSink {
  /** Consecutive choices are listed once. */
  readonly order: ('start' | 'choices' | 'end' | 'error')[] = [];
  readonly heads: GenerationHead[] = [];
  /** The choice index of each frame. */
  readonly arrivals: number[] = [];
  readonly texts: Record<number, string[]> = {};
  usage: TokenUsage | undefined;
  failure: AppError | undefined;
  /** Resolves with the first end or error. */
  readonly ended: Promise<void>;
  #ended: () => void = () => undefined;

  constructor() {
    this.ended = new Promise((resolve) => (this.#ended = resolve));
  }

  /** Number of frames of all choices so far. */
  get frames(): number {
    return Object.values(this.texts).flat().length;
  }

  head(head: GenerationHead): void {
    this.order.push('start');
    this.heads.push(head);
  }

  data(json: Uint8Array, choiceIndex: number): void {
    if (this.order.at(-1) !== 'choices') this.order.push('choices');
    this.arrivals.push(choiceIndex);
    (this.texts[choiceIndex] ??= []).push(Buffer.from(json).toString());
  }

  end(usage: TokenUsage): void {
    this.order.push('end');
    this.usage = usage;
    this.#ended();
  }

  error(error: AppError): void {
    this.order.push('error');
    this.failure = error;
    this.#ended();
  }
}
