/** Prints progress: on a terminal one line that is updated, elsewhere a line per step. */
export class Progress {
  readonly #startedAt = performance.now();
  readonly #terminal = process.stdout.isTTY;

  step(message: string): void {
    const line = `  ${this.#seconds()}  ${message} ...`;
    process.stdout.write(this.#terminal ? `${this.#clear}${line}` : `${line}\n`);
  }

  /** Prints a permanent line, with the time of day on a terminal, and with the full time in a log. */
  note(message: string): void {
    const now = new Date();
    process.stdout.write(
      `${this.#clear}${this.#terminal ? now.toTimeString().slice(0, 8) : now.toISOString()}  ${message}\n`,
    );
  }

  done(message: string): void {
    process.stdout.write(`${this.#clear}${message}\n`);
  }

  fail(message: string): void {
    process.stderr.write(`${this.#clear}${message}\n`);
  }

  get #clear(): string {
    return this.#terminal ? '\r\x1b[2K' : '';
  }

  #seconds(): string {
    return `${((performance.now() - this.#startedAt) / 1_000).toFixed(1).padStart(5)} s`;
  }
}
