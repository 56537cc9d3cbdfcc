/** Records and reports unexpected exits and restarts of a process of the stack. */

export interface LastExit {
  /** ISO 8601. */
  readonly at: string;
  /** `SIGKILL`, `code 1`, or why a restart failed. */
  readonly reason: string;
}

export class Lifecycle {
  readonly #name: string;
  readonly #notify: (message: string) => void;
  #restarts = 0;
  #lastExit: LastExit | undefined;

  /** @param notify called with a message for each event. */
  constructor(name: string, notify: (message: string) => void) {
    this.#name = name;
    this.#notify = notify;
  }

  /** Number of restarts. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Undefined when it never exited unexpectedly. */
  get lastExit(): LastExit | undefined {
    return this.#lastExit;
  }

  /** Records an unexpected exit. */
  ended(reason: string, willRestart: boolean): void {
    this.#lastExit = { at: new Date().toISOString(), reason };
    this.#notify(`${this.#name} exited (${reason})${willRestart ? ', restarting' : ''}`);
  }

  restartFailed(reason: string): void {
    this.#lastExit = { at: new Date().toISOString(), reason: 'restart failed' };
    this.#notify(`${this.#name} could not be restarted, retrying: ${reason}`);
  }

  restarted(pid: number | null): void {
    this.#restarts += 1;
    const times = this.#restarts === 1 ? 'restarted once' : `restarted ${this.#restarts} times`;
    this.#notify(`${this.#name} is up again (process ${pid}, ${times})`);
  }
}

/** Formats how a process exited, for `LastExit`. */
export function exitReason(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ?? `code ${code}`;
}
