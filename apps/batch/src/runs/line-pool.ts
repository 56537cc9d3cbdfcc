/** Runs lines at the same time, as many as the workers take, and keeps their results. */
import type { UsageRecord } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import { setTimeout as delay } from 'node:timers/promises';
import type { Batch } from '../batches/batch.entity.ts';
import { outputLine } from '../lines/output-line.ts';
import type { LineOutput } from '../lines/output-line.ts';
import { metrics } from '../metrics.ts';
import { ResponseTooLargeError } from './line-caller.ts';
import type { LineCaller, LineResponse } from './line-caller.ts';
import type { LineConcurrency } from './line-concurrency.ts';
import { pauseMs, TOO_LARGE, verdictOf } from './line-faults.ts';
import type { PendingLine } from './pending-lines.ts';
import type { LineResult, ResultsWriter } from './results-writer.ts';

const FLUSH_MS = 250;
const FLUSH_LINES = 200;
const FLUSH_BYTES = 4 * 1_024 ** 2;

export interface LinePoolOptions {
  readonly batch: Batch;
  readonly caller: LineCaller;
  readonly writer: ResultsWriter;
  readonly concurrency: LineConcurrency;
  /** Aborted when this process must not work on the batch any more: nothing is kept then. */
  readonly signal: AbortSignal;
}

export class LinePool {
  readonly #options: LinePoolOptions;
  /** Waiting lines give up, running ones end. */
  readonly #stopping = new AbortController();
  /** Running lines are cancelled. */
  readonly #cancelling = new AbortController();
  readonly #lineSignal: AbortSignal;
  #grace: NodeJS.Timeout | undefined;
  readonly #running = new Set<Promise<void>>();
  #onLineEnd = (): void => undefined;
  #results: LineResult[] = [];
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(options: LinePoolOptions) {
    this.#options = options;
    this.#lineSignal = AbortSignal.any([options.signal, this.#cancelling.signal]);
  }

  /**
   * Runs the lines until the end, or until `stop`. When it settles no line runs, and the results are kept.
   * @throws {AppError} if the lines could not be read, results could not be kept, or the signal is aborted.
   */
  async run(lines: AsyncIterable<PendingLine>): Promise<void> {
    const timer = setInterval(() => void this.#flush(), FLUSH_MS);
    try {
      await this.#runAll(lines);
    } finally {
      this.stop();
      await Promise.all(this.#running);
      clearTimeout(this.#grace);
      await this.#flush();
      clearInterval(timer);
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#options.signal.throwIfAborted();
  }

  async #runAll(lines: AsyncIterable<PendingLine>): Promise<void> {
    for await (const pending of lines) {
      while (this.#running.size >= this.#options.concurrency.limit && !this.#isOver())
        await new Promise<void>((resolve) => (this.#onLineEnd = resolve));
      if (this.#isOver()) break;
      const running = this.#line(pending)
        .catch((error: unknown) => void (this.#failure ??= { error }))
        .finally(() => {
          this.#running.delete(running);
          this.#onLineEnd();
        });
      this.#running.add(running);
    }
    await Promise.all(this.#running);
  }

  /**
   * Starts no more lines. Those that run end, those that wait for room do not start again.
   * @param graceMs after which lines that still run are cancelled. Default: never.
   */
  stop(graceMs?: number): void {
    this.#stopping.abort();
    if (graceMs !== undefined) this.#grace ??= setTimeout(() => this.#cancelling.abort(), graceMs);
  }

  #isOver(): boolean {
    return this.#stopping.signal.aborted || this.#options.signal.aborted || this.#failure !== undefined;
  }

  async #line(pending: PendingLine): Promise<void> {
    const { batch, concurrency, signal } = this.#options;
    for (let attempt = 0, failures = 0; ; attempt += 1) {
      const response = await this.#attempt(pending);
      if (signal.aborted || this.#failure !== undefined) return;
      const verdict =
        response === undefined ? 'wait' : response === 'too_large' ? 'keep' : verdictOf(response, failures);
      metrics.lines.labels(verdict).inc();
      if (verdict === 'keep' && response !== undefined) {
        if (response === 'too_large') return this.#keep(pending, batch, { error: TOO_LARGE });
        concurrency.succeeded(response.totalMs, response.waitedMs);
        return this.#keep(pending, batch, { response }, response.usage);
      }
      if (verdict === 'wait') concurrency.overloaded();
      else failures += 1;
      if (this.#isOver()) return;
      await delay(pauseMs(attempt), undefined, {
        signal: AbortSignal.any([signal, this.#stopping.signal]),
      }).catch(() => undefined);
      if (this.#isOver()) return;
    }
  }

  /** Undefined if no gateway could be reached. */
  async #attempt({ line }: PendingLine): Promise<LineResponse | 'too_large' | undefined> {
    const { batch, caller } = this.#options;
    try {
      return await caller.call(batch, line, this.#lineSignal);
    } catch (error) {
      if (error instanceof ResponseTooLargeError) return 'too_large';
      const { code } = AppError.from(error);
      if (code === 'internal') this.#failure ??= { error };
      return undefined;
    }
  }

  /** Waits for the database if much is to be written: what has not been written is bounded. */
  async #keep(
    { chunk, index, number, line }: PendingLine,
    { id }: Batch,
    output: Omit<LineOutput, 'customId'>,
    usage?: UsageRecord,
  ): Promise<void> {
    const text = outputLine(id, number, { customId: line.customId, ...output });
    const { status = 0 } = output.response ?? {};
    this.#results.push({ chunk, index, isSuccess: status >= 200 && status < 300, text, usage });
    this.#bytes += text.length;
    if (this.#results.length >= FLUSH_LINES || this.#bytes >= FLUSH_BYTES) await this.#flush();
  }

  /** One at a time. After a failure nothing is kept any more: another run computes the lines again. */
  #flush(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const results = this.#results;
      if (results.length === 0 || this.#failure !== undefined || this.#options.signal.aborted) return;
      this.#results = [];
      this.#bytes = 0;
      try {
        await this.#options.writer.keep(results);
      } catch (error) {
        this.#failure ??= { error };
      }
    });
    return this.#writing;
  }
}
