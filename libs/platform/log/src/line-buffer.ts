/**
 * Buffers log lines to write them together. Lines are copied into one buffer right away: a line is built from dozens of
 * small strings, which would otherwise survive garbage collections until they are written.
 */
import type { DestinationStream } from 'pino';

/** Maximum UTF-8 bytes per UTF-16 code unit. */
const BYTES_PER_CHARACTER_MAX = 3;

export class LineBuffer implements DestinationStream {
  readonly #destination: DestinationStream;
  readonly #bytes: Buffer;
  #used = 0;

  /** @param capacity maximum number of bytes that are written together. */
  constructor(destination: DestinationStream, capacity: number) {
    this.#destination = destination;
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
  }

  write(line: string): void {
    const bytesMax = line.length * BYTES_PER_CHARACTER_MAX;
    if (bytesMax > this.#bytes.length - this.#used) this.flush();
    if (bytesMax > this.#bytes.length) this.#destination.write(line);
    else this.#used += this.#bytes.write(line, this.#used);
  }

  flush(): void {
    if (this.#used === 0) return;
    const text = this.#bytes.toString('utf8', 0, this.#used);
    this.#used = 0;
    this.#destination.write(text);
  }
}
