import type { LineResult, ResultsWriter } from './results-writer.ts';

const FLUSH_MS = 250;
const FLUSH_LINES = 1_000;
const FLUSH_BYTES = 4 * 1_024 ** 2;

/** Collects the results of lines, and writes many of them in one transaction. After a failure it keeps nothing any more. */
export class ResultsBuffer {
  readonly #writer: ResultsWriter;
  readonly #mayWrite: () => boolean;
  readonly #timer: NodeJS.Timeout;
  #results: LineResult[] = [];
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  /** @param mayWrite whether this process still works on the batch. */
  constructor(writer: ResultsWriter, mayWrite: () => boolean) {
    this.#writer = writer;
    this.#mayWrite = mayWrite;
    this.#timer = setInterval(() => void this.flush(), FLUSH_MS);
  }

  /** Why results could not be kept. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Results that are added together are kept together. Waits for the database if much is to be written. */
  async add(results: readonly LineResult[]): Promise<void> {
    this.#results.push(...results);
    this.#bytes += results.reduce((sum, { text }) => sum + text.length, 0);
    if (this.#results.length >= FLUSH_LINES || this.#bytes >= FLUSH_BYTES) await this.flush();
  }

  /** One at a time. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const results = this.#results;
      if (results.length === 0 || this.#failure !== undefined || !this.#mayWrite()) return;
      this.#results = [];
      this.#bytes = 0;
      try {
        await this.#writer.keep(results);
      } catch (error) {
        this.#failure ??= { error };
      }
    });
    return this.#writing;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }
}
