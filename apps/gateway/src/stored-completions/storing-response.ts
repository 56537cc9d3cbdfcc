/**
 * Wraps a response that has to be stored: forwards everything as it arrives, collects the choices, and delays the end until they
 * are stored, so that a client can retrieve a completion once its response has ended. Failed and cancelled responses are not
 * stored.
 */
import { ChoiceCollector } from '@xerotier/chat-choices';
import type { Choice, ChunkChoice } from '@xerotier/chat-choices';
import { STORED_BYTES_MAX } from '@xerotier/contracts/responses';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { GenerationHead } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import type { ResponseSink } from '@xerotier/inference';

export interface CollectedResponse {
  readonly head: GenerationHead;
  readonly choices: readonly Choice[];
  readonly usage: TokenUsage;
}

/** Chunks are much larger than their tokens; those of a completion that can be stored are smaller than this in total. */
const COLLECTED_BYTES_MAX = 64 * STORED_BYTES_MAX;

export class StoringResponse implements ResponseSink {
  readonly #response: ResponseSink;
  readonly #streamed: boolean;
  readonly #store: (collected: CollectedResponse) => Promise<void>;
  /** By the index of the choice. */
  #collectors: ChoiceCollector[] = [];
  #collectedBytes = 0;
  #head: GenerationHead | undefined;

  /**
   * @param streamed whether choices arrive as chunks.
   * @param store resolves when the response is stored; if it rejects, the response ends with the error.
   */
  constructor(response: ResponseSink, streamed: boolean, store: (collected: CollectedResponse) => Promise<void>) {
    this.#response = response;
    this.#streamed = streamed;
    this.#store = store;
  }

  head(head: GenerationHead): void {
    this.#head = head;
    this.#response.head(head);
  }

  data(json: Uint8Array, choiceIndex: number): void {
    this.#collect(json, choiceIndex);
    this.#response.data(json, choiceIndex);
  }

  end(usage: TokenUsage): void {
    this.#save(usage).then(
      () => this.#response.end(usage),
      (error: unknown) => this.#response.error(AppError.from(error)),
    );
  }

  error(error: AppError): void {
    this.#collectors = [];
    this.#response.error(error);
  }

  #collect(json: Uint8Array, choiceIndex: number): void {
    this.#collectedBytes += json.byteLength;
    if (this.#collectedBytes > COLLECTED_BYTES_MAX) {
      this.#collectors = [];
      return;
    }
    const collector = (this.#collectors[choiceIndex] ??= new ChoiceCollector(choiceIndex));
    const text = Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8');
    for (const choice of JSON.parse(text) as (Choice | ChunkChoice)[]) {
      if (this.#streamed) collector.add(choice as ChunkChoice);
      else collector.set(choice as Choice);
    }
  }

  async #save(usage: TokenUsage): Promise<void> {
    if (this.#collectedBytes > COLLECTED_BYTES_MAX) {
      throw new AppError('completion.too_large', { bytesMax: STORED_BYTES_MAX }, { param: 'store' });
    }
    const choices = this.#collectors.map((collector) => collector.choice());
    await this.#store({ head: this.#head as GenerationHead, choices, usage });
  }
}
