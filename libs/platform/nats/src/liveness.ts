/**
 * How each side of a stream notices that the other is gone. NATS does not tell, so whoever has nothing to say says
 * that: a server pings silent streams, a caller keeps its streams alive. The other side gives up after `silenceMs`.
 */
export interface LivenessOptions {
  /** How often silence is looked for and broken. Default 500. */
  readonly intervalMs: number;
  /** Silence after which the other side is given up. Default 3,000: several intervals, so a busy machine is not a dead one. */
  readonly silenceMs: number;
}

export const livenessDefaults: LivenessOptions = { intervalMs: 500, silenceMs: 3_000 };

/** Runs `tick` every interval while there is something to watch, and keeps no process alive. */
export class Heartbeat {
  readonly #intervalMs: number;
  readonly #tick: (now: number) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(intervalMs: number, tick: (now: number) => void) {
    this.#intervalMs = intervalMs;
    this.#tick = tick;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tick(performance.now()), this.#intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
