/** What is remembered, and told, about a process of the stack that ends by itself and is brought back. */

export interface LastExit {
  /** ISO 8601. */
  readonly at: string;
  /** `SIGKILL`, `code 1`, or why it could not be started again. */
  readonly reason: string;
}

export class Lifecycle {
  readonly #name: string;
  readonly #notify: (message: string) => void;
  #restarts = 0;
  #lastExit: LastExit | undefined;

  /** @param notify told in words what happens, as it happens. */
  constructor(name: string, notify: (message: string) => void) {
    this.#name = name;
    this.#notify = notify;
  }

  /** How often it came back. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Undefined when it never ended by itself. */
  get lastExit(): LastExit | undefined {
    return this.#lastExit;
  }

  /** It ended although nobody asked it to. */
  ended(reason: string, willRestart: boolean): void {
    this.#lastExit = { at: new Date().toISOString(), reason };
    this.#notify(`${this.#name} ended (${reason})${willRestart ? ': restarting it' : ''}`);
  }

  restartFailed(reason: string): void {
    this.#lastExit = { at: new Date().toISOString(), reason: 'could not be started again' };
    this.#notify(`${this.#name} could not be started again, which is tried once more soon: ${reason}`);
  }

  restarted(pid: number | null): void {
    this.#restarts += 1;
    const times = this.#restarts === 1 ? 'restarted once' : `restarted ${this.#restarts} times`;
    this.#notify(`${this.#name} is up again (process ${pid}, ${times})`);
  }
}

/** How a process ended, in the words of `LastExit`. */
export function exitReason(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ?? `code ${code}`;
}
