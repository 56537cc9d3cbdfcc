import type { turnsContract } from '@xerotier/contracts/responses';
import type { ResponseStream } from '@xerotier/nats';
import type { z } from 'zod';

type Head = z.input<typeof turnsContract.operations.run.head>;

/** How long events wait for the head of the model's response, so that an error before it can be that of the request. */
const HEAD_WAIT_MS = 1_000;

/** The events of a streamed response. They are held until the first call of a model has a head, or for a second. */
export class TurnOutput {
  readonly #stream: ResponseStream<Head>;
  readonly #timer: NodeJS.Timeout;
  #held: string[] | undefined = [];

  constructor(stream: ResponseStream<Head>) {
    this.#stream = stream;
    this.#timer = setTimeout(() => this.begin({}), HEAD_WAIT_MS);
  }

  get hasBegun(): boolean {
    return this.#held === undefined;
  }

  begin(head: Head): void {
    if (this.#held === undefined) return;
    clearTimeout(this.#timer);
    const held = this.#held;
    this.#held = undefined;
    this.#stream.head(head);
    for (const json of held) this.#stream.data(Buffer.from(json));
  }

  write(json: string): void {
    if (this.#held === undefined) this.#stream.data(Buffer.from(json));
    else this.#held.push(json);
  }

  /** Nothing was written: the error is that of the request. */
  discard(): void {
    clearTimeout(this.#timer);
    this.#held = undefined;
  }
}
