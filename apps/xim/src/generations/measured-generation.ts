/** One generation as the metrics of the worker see it. */
import type { TokenUsage } from '@xerotier/contracts/inference';
import { metrics } from '../metrics.ts';

type CountedUsage = Pick<TokenUsage, 'promptTokens' | 'completionTokens' | 'cachedTokens'>;

export class MeasuredGeneration {
  readonly #model: string;
  readonly #begunAt = performance.now();
  #firstDataAt: number | undefined;
  #finishReason: string | null = null;

  constructor(model: string) {
    this.#model = model;
  }

  firstData(): void {
    this.#firstDataAt = performance.now();
  }

  /** @param reason as in a choice; null while there is none. */
  finishedBecause(reason: string | null): void {
    this.#finishReason = reason ?? this.#finishReason;
  }

  ended(usage: CountedUsage, cancelled: boolean): void {
    this.#count(usage, cancelled ? 'abort' : this.#finishReason === 'length' ? 'length' : 'stop');
  }

  /** @param usage what was used before the failure, when that is known. */
  failed(usage: CountedUsage | undefined): void {
    this.#count(usage, 'error');
  }

  #count(usage: CountedUsage | undefined, finishedReason: 'stop' | 'length' | 'abort' | 'error'): void {
    const labels = { model_name: this.#model };
    const endedAt = performance.now();
    metrics.success.inc({ ...labels, finished_reason: finishedReason });
    metrics.duration.observe(labels, (endedAt - this.#begunAt) / 1_000);
    if (this.#firstDataAt !== undefined) {
      const decodeSeconds = (endedAt - this.#firstDataAt) / 1_000;
      metrics.timeToFirstToken.observe(labels, (this.#firstDataAt - this.#begunAt) / 1_000);
      metrics.decodeTime.observe(labels, decodeSeconds);
      const tokensAfterFirst = (usage?.completionTokens ?? 0) - 1;
      if (tokensAfterFirst > 0) metrics.timePerOutputToken.observe(labels, decodeSeconds / tokensAfterFirst);
    }
    if (usage === undefined) return;
    metrics.promptTokens.inc(labels, usage.promptTokens);
    metrics.generationTokens.inc(labels, usage.completionTokens);
    metrics.prefixCacheQueries.inc(labels, usage.promptTokens);
    metrics.prefixCacheHits.inc(labels, usage.cachedTokens);
  }
}
