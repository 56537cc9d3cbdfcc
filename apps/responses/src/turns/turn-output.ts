import type { turnsContract } from '@xerotier/contracts/responses';
import type { ResponseStream } from '@xerotier/nats';
import type { z } from 'zod';
import { obfuscated } from './obfuscation.ts';
import type { TurnListener } from './turn-runner.ts';

type Head = z.input<typeof turnsContract.operations.run.head>;

/** How long events wait for the head of the model's response, so that an error before it can be that of the request. */
const HEAD_WAIT_MS = 1_000;

/**
 * The events of a streamed response. They are held until the model has begun, or for a second, and until a response that is stored can be
 * retrieved.
 */
export class TurnOutput implements TurnListener {
  readonly #stream: ResponseStream<Head>;
  readonly #obfuscates: boolean;
  readonly #ready: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;
  #held: string[] | undefined = [];

  /** @param ready if it rejects, so does the turn. */
  constructor(stream: ResponseStream<Head>, obfuscates: boolean, ready: Promise<void> | undefined) {
    this.#stream = stream;
    this.#obfuscates = obfuscates;
    this.#ready = ready;
    this.#timer = setTimeout(() => this.#beginWhenReady({}), HEAD_WAIT_MS);
  }

  get hasBegun(): boolean {
    return this.#held === undefined;
  }

  begin(workerId: string): void {
    this.#beginWhenReady({ workerId });
  }

  event(json: string): void {
    const event = this.#obfuscates ? obfuscated(json) : json;
    if (this.#held === undefined) this.#stream.data(Buffer.from(event));
    else this.#held.push(event);
  }

  paused(): Promise<void> | undefined {
    return this.#stream.paused();
  }

  /** Writes what was held. */
  end(): void {
    this.#begin({});
  }

  /** Writes nothing any more: an error before it has begun is that of the request. */
  discard(): void {
    clearTimeout(this.#timer);
  }

  #beginWhenReady(head: Head): void {
    if (this.#ready === undefined) return this.#begin(head);
    void this.#ready.then(
      () => this.#begin(head),
      () => undefined,
    );
  }

  #begin(head: Head): void {
    clearTimeout(this.#timer);
    if (this.#held === undefined) return;
    const held = this.#held;
    this.#held = undefined;
    this.#stream.head(head);
    for (const json of held) this.#stream.data(Buffer.from(json));
  }
}
