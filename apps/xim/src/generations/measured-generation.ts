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
    const model = this.#model;
    const endedAt = performance.now();
    metrics.success.labels(model, finishedReason).inc();
    metrics.duration.labels(model).observe((endedAt - this.#begunAt) / 1_000);
    if (this.#firstDataAt !== undefined) {
      const decodeSeconds = (endedAt - this.#firstDataAt) / 1_000;
      metrics.timeToFirstToken.labels(model).observe((this.#firstDataAt - this.#begunAt) / 1_000);
      metrics.decodeTime.labels(model).observe(decodeSeconds);
      const tokensAfterFirst = (usage?.completionTokens ?? 0) - 1;
      if (tokensAfterFirst > 0) metrics.timePerOutputToken.labels(model).observe(decodeSeconds / tokensAfterFirst);
    }
    if (usage === undefined) return;
    metrics.promptTokens.labels(model).inc(usage.promptTokens);
    metrics.generationTokens.labels(model).inc(usage.completionTokens);
    metrics.prefixCacheQueries.labels(model).inc(usage.promptTokens);
    metrics.prefixCacheHits.labels(model).inc(usage.cachedTokens);
  }
}
