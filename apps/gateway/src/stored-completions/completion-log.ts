/** The events of one streamed completion, which are numbered from 0. */

export class CompletionLog {
  #events: Buffer[] = [];
  #next = 0;
  readonly #listeners = new Set<() => void>();
  readonly #onAdded: (bytes: number) => void;
  #endedAt: number | undefined;
  #isDropped = false;

  /** @param onAdded called with the size of each event. */
  constructor(onAdded: (bytes: number) => void) {
    this.#onAdded = onAdded;
  }

  get bytes(): number {
    return this.#events.reduce((sum, { length }) => sum + length, 0);
  }

  /** Of `performance.now()`. Undefined until it has ended. */
  get endedAt(): number | undefined {
    return this.#endedAt;
  }

  /** Whether it is not kept any more. */
  get isDropped(): boolean {
    return this.#isDropped;
  }

  /** Adds an event without its id. @returns the event with its id. */
  add(event: Uint8Array): Buffer {
    const bytes = Buffer.concat([Buffer.from(`id: ${this.#next}\n`), event]);
    this.#next += 1;
    if (this.#isDropped) return bytes;
    this.#events.push(bytes);
    this.#onAdded(bytes.length);
    this.#wake();
    return bytes;
  }

  end(): void {
    this.#endedAt ??= performance.now();
    this.#wake();
  }

  /** Keeps nothing any more. */
  drop(): void {
    this.#isDropped = true;
    this.#events = [];
    this.#wake();
  }

  /** The event with this id, if there is one yet. */
  at(id: number): Buffer | undefined {
    return this.#events[id];
  }

  /** Resolves when there is more, it has ended, or it was dropped. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const listener = (): void => {
        this.#listeners.delete(listener);
        signal.removeEventListener('abort', listener);
        resolve();
      };
      this.#listeners.add(listener);
      signal.addEventListener('abort', listener);
    });
  }

  #wake(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
