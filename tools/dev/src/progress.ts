/** Shows what goes on: on a terminal one line that changes, elsewhere a line per step. */
export class Progress {
  readonly #startedAt = performance.now();
  readonly #terminal = process.stdout.isTTY;

  step(message: string): void {
    const line = `  ${this.#seconds()}  ${message} ...`;
    process.stdout.write(this.#terminal ? `\r\x1b[2K${line}` : `${line}\n`);
  }

  done(message: string): void {
    process.stdout.write(`${this.#terminal ? '\r\x1b[2K' : ''}${message}\n`);
  }

  fail(message: string): void {
    process.stderr.write(`${this.#terminal ? '\r\x1b[2K' : ''}${message}\n`);
  }

  #seconds(): string {
    return `${((performance.now() - this.#startedAt) / 1_000).toFixed(1).padStart(5)} s`;
  }
}
