/** The pace of scripted generations, without a timer per token where there is no delay. */

let turn: Promise<void> | undefined;

/** Resolves in the next turn of the event loop. All callers share one callback. */
function nextTurn(): Promise<void> {
  turn ??= new Promise((resolve) => {
    setImmediate(() => {
      turn = undefined;
      resolve();
    });
  });
  return turn;
}

/** Delays that end early when the signal is aborted. Uses one listener per generation, which `dispose` removes. */
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

  /** Resolves once the signal is aborted. */
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

/** Without a delay, a generation yields to the event loop after this many tokens. */
const TOKENS_PER_TURN = 16;

/** Delays the tokens of one generation. */
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
   * Must be called between two tokens; returns undefined when there is no delay. The pace follows the clock, so that timer
   * errors do not add up. A generation that was paused continues at its pace without catching up in a burst, like a real engine.
   */
  afterToken(): Promise<void> | undefined {
    this.#tokensOut += 1;
    if (this.#delayMs === 0) return this.#tokensOut % TOKENS_PER_TURN === 0 ? nextTurn() : undefined;
    const nowMs = performance.now();
    this.#dueMs = Math.max(this.#dueMs + this.#delayMs, nowMs);
    return this.#pause.wait(this.#dueMs - nowMs);
  }
}
