/**
 * How each side of a stream detects that the other is lost. NATS does not report it, so an idle side sends a sign of
 * life: a server pings on idle streams, a caller sends keep-alives. The other side gives up after `silenceMs`.
 */
export interface LivenessOptions {
  /** Interval of liveness checks and pings. Default 500. */
  readonly intervalMs: number;
  /**
   * Silence after which the other side is considered lost. Default 3,000: several intervals, so that a busy machine is
   * not considered lost.
   */
  readonly silenceMs: number;
}

export const livenessDefaults: LivenessOptions = { intervalMs: 500, silenceMs: 3_000 };

/** Runs `tick` every interval while started. Does not keep the process alive. */
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
