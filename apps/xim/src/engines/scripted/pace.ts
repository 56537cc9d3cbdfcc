/** Waiting without a timer per token where there is no pace, and with one timer per step where there is. */

let turn: Promise<void> | undefined;

/** The next turn of the event loop; all who wait for it share one callback. */
function nextTurn(): Promise<void> {
  turn ??= new Promise((resolve) => {
    setImmediate(() => {
      turn = undefined;
      resolve();
    });
  });
  return turn;
}

/** Waits that end early when the signal is aborted. One listener for a whole generation; `dispose` removes it. */
export class AbortablePause {
  readonly #signal: AbortSignal;
  #timer: NodeJS.Timeout | undefined;
  #wake: () => void = () => undefined;
  readonly #onAbort = (): void => {
    clearTimeout(this.#timer);
    this.#wake();
  };

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort);
  }

  get aborted(): boolean {
    return this.#signal.aborted;
  }

  async wait(delayMs: number): Promise<void> {
    if (this.#signal.aborted || delayMs <= 0) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#timer = setTimeout(resolve, delayMs);
    });
  }

  /** Returns only once the signal is aborted. */
  async untilAborted(): Promise<void> {
    if (this.#signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#onAbort);
  }
}

/** Without a pace, the event loop gets a turn after this many tokens of each generation, for input and output. */
const TOKENS_PER_TURN = 16;

/** Says how long to wait after each token of one generation. */
export class Pacer {
  readonly #delayMs: number;
  readonly #pause: AbortablePause;
  #dueMs = performance.now();
  #tokensOut = 0;

  constructor(delayMs: number, pause: AbortablePause) {
    this.#delayMs = delayMs;
    this.#pause = pause;
  }

  start(): void {
    this.#dueMs = performance.now();
  }

  /**
   * To be called between two tokens; nothing to wait for when undefined. The pace is kept against a clock, so that
   * small delays do not add up; but a generation that was held up goes on at its pace and does not catch up in a
   * burst, as a real engine would not.
   */
  afterToken(): Promise<void> | undefined {
    this.#tokensOut += 1;
    if (this.#delayMs === 0) return this.#tokensOut % TOKENS_PER_TURN === 0 ? nextTurn() : undefined;
    const nowMs = performance.now();
    this.#dueMs = Math.max(this.#dueMs + this.#delayMs, nowMs);
    return this.#pause.wait(this.#dueMs - nowMs);
  }
}
