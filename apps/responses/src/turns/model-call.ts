import { chunkOf } from '@xerotier/chat-choices';
import type { Choice, ChunkChoice } from '@xerotier/chat-choices';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { GenerationHead } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import type { ResponseSink } from '@xerotier/inference';
import type { StreamControl } from '@xerotier/nats';

/** The response of a model to one call, chunk by chunk; one chunk if it is not streamed. */
export class ModelCall implements ResponseSink {
  readonly #ended: Promise<TokenUsage>;
  readonly #onHead: (head: GenerationHead) => void;
  readonly #onChunk: (choice: ChunkChoice) => void;
  readonly #settle: { resolve: (usage: TokenUsage) => void; reject: (error: unknown) => void };
  #control: StreamControl | undefined;
  #failure: unknown;

  constructor(onHead: (head: GenerationHead) => void, onChunk: (choice: ChunkChoice) => void) {
    this.#onHead = onHead;
    this.#onChunk = onChunk;
    const { promise, resolve, reject } = Promise.withResolvers<TokenUsage>();
    this.#ended = promise;
    this.#settle = { resolve, reject };
  }

  attach(control: StreamControl): void {
    this.#control = control;
  }

  /**
   * Returns the usage. Once the signal is aborted, the model is stopped.
   * @throws {AppError} of the inference; `inference.cancelled` if the signal was aborted.
   */
  async endedUnless(signal: AbortSignal): Promise<TokenUsage> {
    const cancel = (): void => this.#control?.cancel();
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const usage = await this.#ended;
      if (signal.aborted) throw new AppError('inference.cancelled', { usage });
      return usage;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  head(head: GenerationHead): void {
    this.#onHead(head);
  }

  data(json: Uint8Array): void {
    if (this.#failure !== undefined) return;
    try {
      const choices = JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString()) as (
        ChunkChoice | Choice
      )[];
      for (const choice of choices) this.#onChunk('delta' in choice ? (choice as ChunkChoice) : chunkOf(choice));
    } catch (error) {
      // What the model has computed is charged: the call ends with its usage.
      this.#failure = error;
      this.#control?.cancel();
    }
  }

  end(usage: TokenUsage): void {
    if (this.#failure === undefined) this.#settle.resolve(usage);
    else this.#settle.reject(this.#failure);
  }

  error(error: AppError): void {
    this.#settle.reject(this.#failure ?? error);
  }
}
