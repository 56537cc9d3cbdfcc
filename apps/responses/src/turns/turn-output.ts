import type { turnsContract } from '@xerotier/contracts/responses';
import type { ResponseStream } from '@xerotier/nats';
import type { z } from 'zod';
import { obfuscated } from './obfuscation.ts';
import type { TurnListener } from './turn-runner.ts';

type Head = z.input<typeof turnsContract.operations.run.head>;

/** How long events wait for the head of the model's response, so that an error before it can be that of the request. */
const HEAD_WAIT_MS = 1_000;

/** The events of a streamed response. They are held until the model has begun, or for a second. */
export class TurnOutput implements TurnListener {
  readonly #stream: ResponseStream<Head>;
  readonly #obfuscates: boolean;
  readonly #timer: NodeJS.Timeout;
  #held: string[] | undefined = [];

  constructor(stream: ResponseStream<Head>, obfuscates: boolean) {
    this.#stream = stream;
    this.#obfuscates = obfuscates;
    this.#timer = setTimeout(() => this.#begin({}), HEAD_WAIT_MS);
  }

  get hasBegun(): boolean {
    return this.#held === undefined;
  }

  begin(workerId: string): void {
    this.#begin({ workerId });
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

  /** Writes nothing: the error is that of the request. */
  discard(): void {
    clearTimeout(this.#timer);
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
