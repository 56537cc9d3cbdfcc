/**
 * How each side of a stream detects that the other is lost. NATS does not report it, so an idle side sends a sign of
 * life: a server pings on idle streams, a caller sends keep-alives. The other side gives up after `silenceMs`.
 */
export interface LivenessOptions {
  /** Interval of liveness checks and pings. Default 500. */
  readonly intervalMs: number;
  /**
   * Silence after which the other side is considered lost. Default 3,000: several intervals, so that a busy machine is
   * not considered lost. Time in which this process itself was stalled does not count: it has not read yet what the other side
   * sent then.
   */
  readonly silenceMs: number;
}

export const livenessDefaults: LivenessOptions = { intervalMs: 500, silenceMs: 3_000 };

/**
 * @param now in `performance.now()` milliseconds.
 * @param stalledMs how long this process was stalled since the last tick; 0 unless that was longer than an interval.
 */
type Tick = (now: number, stalledMs: number) => void;

/** Runs `tick` every interval while started. Does not keep the process alive. */
export class Heartbeat {
  readonly #intervalMs: number;
  readonly #tick: Tick;
  #timer: NodeJS.Timeout | undefined;
  #tickedAt = 0;

  constructor(intervalMs: number, tick: Tick) {
    this.#intervalMs = intervalMs;
    this.#tick = tick;
  }

  get running(): boolean {
    return this.#timer !== undefined;
  }

  start(): void {
    if (this.running) return;
    this.#tickedAt = performance.now();
    this.#timer = setInterval(() => this.#beat(), this.#intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #beat(): void {
    const now = performance.now();
    const lateMs = now - this.#tickedAt - this.#intervalMs;
    this.#tickedAt = now;
    this.#tick(now, lateMs > this.#intervalMs ? lateMs : 0);
  }
}
