/** Runs lines at the same time, as many as the workers take, and keeps their results. */
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
import { bodiesIn, bodyOf, packs } from './line-packs.ts';
import type { Pack } from './line-packs.ts';
import type { PendingLine } from './pending-lines.ts';
import { ResultsBuffer } from './results-buffer.ts';
import type { LineResult, ResultsWriter } from './results-writer.ts';

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
  #onPackEnd = (): void => undefined;
  /** Models whose engines do not count the tokens of each input: their lines run alone. */
  readonly #uncounted = new Set<string>();
  readonly #results: ResultsBuffer;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: LinePoolOptions) {
    this.#options = options;
    this.#lineSignal = AbortSignal.any([options.signal, this.#cancelling.signal]);
    this.#results = new ResultsBuffer(options.writer, () => !options.signal.aborted && this.#failure === undefined);
  }

  /**
   * Runs the lines until the end, or until `stop`. When it settles no line runs, and the results are kept.
   * @throws {AppError} if the lines could not be read, results could not be kept, or the signal is aborted.
   */
  async run(lines: AsyncIterable<PendingLine>): Promise<void> {
    try {
      await this.#runAll(lines);
    } finally {
      this.stop();
      await Promise.all(this.#running);
      clearTimeout(this.#grace);
      await this.#results.close();
    }
    const failure = this.#failure ?? this.#results.failure;
    if (failure !== undefined) throw failure.error;
    this.#options.signal.throwIfAborted();
  }

  async #runAll(lines: AsyncIterable<PendingLine>): Promise<void> {
    for await (const pack of packs(lines, (model) => !this.#uncounted.has(model))) {
      while (this.#running.size >= this.#options.concurrency.limit && !this.#isOver())
        await new Promise<void>((resolve) => (this.#onPackEnd = resolve));
      if (this.#isOver()) break;
      const running = this.#pack(pack)
        .catch((error: unknown) => void (this.#failure ??= { error }))
        .finally(() => {
          this.#running.delete(running);
          this.#onPackEnd();
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
    return this.#stopping.signal.aborted || this.#hasToEnd();
  }

  #hasToEnd(): boolean {
    return this.#options.signal.aborted || this.#failure !== undefined || this.#results.failure !== undefined;
  }

  async #pack(pack: Pack): Promise<void> {
    const { concurrency, signal } = this.#options;
    for (let attempt = 0, failures = 0; ; attempt += 1) {
      const response = await this.#attempt(pack);
      if (this.#hasToEnd()) return;
      const verdict =
        response === undefined ? 'wait' : response === 'too_large' ? 'keep' : verdictOf(response, failures);
      metrics.lines.labels(verdict).inc(pack.length);
      if (verdict === 'keep' && response !== undefined) {
        if (response !== 'too_large') concurrency.succeeded(response.totalMs, response.waitedMs);
        const results = this.#resultsOf(pack, response);
        return results === undefined ? this.#separately(pack) : this.#results.add(results);
      }
      if (verdict === 'wait') concurrency.overloaded();
      else if (pack.length > 1) return this.#separately(pack);
      else failures += 1;
      if (this.#isOver()) return;
      await delay(pauseMs(attempt), undefined, {
        signal: AbortSignal.any([signal, this.#stopping.signal]),
      }).catch(() => undefined);
      if (this.#isOver()) return;
    }
  }

  /** One after the other, since they have the place of one. */
  async #separately(pack: Pack): Promise<void> {
    for (const pending of pack) {
      if (this.#isOver()) return;
      await this.#pack([pending]);
    }
  }

  /** Undefined if no gateway could be reached. */
  async #attempt(pack: Pack): Promise<LineResponse | 'too_large' | undefined> {
    const { batch, caller } = this.#options;
    try {
      return await caller.call(batch, { url: pack[0].line.url, body: bodyOf(pack) }, this.#lineSignal);
    } catch (error) {
      if (error instanceof ResponseTooLargeError) return 'too_large';
      const { code } = AppError.from(error);
      if (code === 'internal') this.#failure ??= { error };
      return undefined;
    }
  }

  /** Undefined if the response does not tell the results of each line. */
  #resultsOf(pack: Pack, response: LineResponse | 'too_large'): LineResult[] | undefined {
    if (pack.length === 1)
      return [this.#result(pack[0], response === 'too_large' ? { error: TOO_LARGE } : { response }, usageOf(response))];
    if (response === 'too_large' || response.status !== 200) return undefined;
    const { inputTokens } = response;
    if (inputTokens === undefined) {
      this.#uncounted.add(pack[0].line.model);
      return undefined;
    }
    const bodies = bodiesIn(response, pack, inputTokens);
    return pack.map((pending, at) => {
      const body = bodies[at] as Buffer;
      // They are kept together, and so is what they cost.
      return this.#result(pending, { response: { ...response, body } }, at === 0 ? usageOf(response) : undefined);
    });
  }

  #result(
    { chunk, index, number, line: { customId } }: PendingLine,
    output: Omit<LineOutput, 'customId'>,
    usage: LineResult['usage'],
  ): LineResult {
    const { status = 0 } = output.response ?? {};
    const text = outputLine(this.#options.batch.id, number, { customId, ...output });
    return { chunk, index, isSuccess: status >= 200 && status < 300, text, usage };
  }
}

function usageOf(response: LineResponse | 'too_large'): LineResult['usage'] {
  return response === 'too_large' ? undefined : response.usage;
}
