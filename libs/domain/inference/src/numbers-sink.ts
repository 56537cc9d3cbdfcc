/** Collects what comes of an embedding or a ranking until all of it is there. */
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { GenerationHead } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import type { ResponseSink } from './response-sink.ts';

export interface Numbers<T> {
  readonly head: GenerationHead;
  readonly values: readonly T[];
  readonly usage: TokenUsage;
}

export class NumbersSink<T> implements ResponseSink {
  /** Settles once the run is over. */
  readonly whole: Promise<Numbers<T>>;
  readonly #count: number;
  readonly #read: (payload: Uint8Array) => T;
  readonly #resolve: (numbers: Numbers<T>) => void;
  readonly #reject: (error: AppError) => void;
  #head: GenerationHead | undefined;
  #values: T[] = [];

  constructor(count: number, read: (payload: Uint8Array) => T) {
    const { promise, resolve, reject } = Promise.withResolvers<Numbers<T>>();
    this.whole = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#count = count;
    this.#read = read;
  }

  head(head: GenerationHead): void {
    this.#head = head;
  }

  data(payload: Uint8Array): void {
    // One more than there may be is enough to know that it is too many.
    if (this.#values.length > this.#count) return;
    this.#values.push(this.#read(payload));
  }

  restart(): void {
    this.#values = [];
  }

  end(usage: TokenUsage): void {
    const head = this.#head;
    if (head === undefined || this.#values.length !== this.#count) this.#reject(new AppError('bus.gap'));
    else this.#resolve({ head, values: this.#values, usage });
  }

  error(error: AppError): void {
    this.#reject(error);
  }
}
