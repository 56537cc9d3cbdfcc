/** Collects the vectors of an embedding request or the scores of a ranking until they are complete. */
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { GenerationHead } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import type { ResponseSink } from './response-sink.ts';

export interface Numbers<T> {
  readonly head: GenerationHead;
  readonly values: readonly T[];
  readonly usage: TokenUsage;
  /** Of each input, if the engine counts them one by one. */
  readonly inputTokens: readonly number[] | undefined;
}

export class NumbersSink<T> implements ResponseSink {
  /** Settles once the run has ended. */
  readonly result: Promise<Numbers<T>>;
  readonly #count: number;
  readonly #decode: (payload: Uint8Array) => T;
  readonly #resolve: (numbers: Numbers<T>) => void;
  readonly #reject: (error: AppError) => void;
  #head: GenerationHead | undefined;
  #values: T[] = [];
  #inputTokens: readonly number[] | undefined;

  constructor(count: number, decode: (payload: Uint8Array) => T) {
    const { promise, resolve, reject } = Promise.withResolvers<Numbers<T>>();
    this.result = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#count = count;
    this.#decode = decode;
  }

  head(head: GenerationHead): void {
    this.#head = head;
  }

  data(payload: Uint8Array): void {
    // One extra value is enough to detect too many, and bounds the list.
    if (this.#values.length > this.#count) return;
    this.#values.push(this.#decode(payload));
  }

  restart(): void {
    this.#values = [];
  }

  inputTokens(tokens: readonly number[]): void {
    this.#inputTokens = tokens;
  }

  end(usage: TokenUsage): void {
    const head = this.#head;
    if (head === undefined || this.#values.length !== this.#count) this.#reject(new AppError('bus.gap'));
    else this.#resolve({ head, values: this.#values, usage, inputTokens: this.#inputTokens });
  }

  error(error: AppError): void {
    this.#reject(error);
  }
}
