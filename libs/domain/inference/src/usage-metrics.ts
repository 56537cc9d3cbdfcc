/** Counts a usage record when it is published, so that the counters and the ledger have the same source. */
import type { UsageRecord } from '@xerotier/contracts/inference';
import type { Counter, Histogram } from '@xerotier/telemetry';
import { metrics, modelLabels, tierLabels } from './metrics.ts';

interface Series {
  readonly prompt: Counter.Internal;
  readonly completion: Counter.Internal;
  readonly cached: Counter.Internal;
  readonly timeToFirstToken: Histogram.Internal<'model' | 'tier'>;
  readonly outcomes: Readonly<Record<UsageRecord['outcome'], Counter.Internal>>;
}

/** Children by model and tier, resolved once. */
const known = new Map<string, Series>();

export function countUsage({ modelId, tier, usage, outcome, timeToFirstTokenMs }: UsageRecord): void {
  const series = seriesOf(modelLabels.of(modelId), tierLabels.of(tier));
  series.prompt.inc(usage.promptTokens);
  series.completion.inc(usage.completionTokens);
  series.cached.inc(usage.cachedTokens);
  series.outcomes[outcome].inc();
  if (timeToFirstTokenMs !== null) series.timeToFirstToken.observe(timeToFirstTokenMs / 1_000);
}

function seriesOf(model: string, tier: string): Series {
  const id = `${model} ${tier}`;
  let series = known.get(id);
  if (series === undefined) {
    const tokens = (type: string): Counter.Internal => metrics.tokens.labels(model, tier, type);
    const requests = (outcome: string): Counter.Internal => metrics.requests.labels(model, tier, outcome);
    series = {
      prompt: tokens('prompt'),
      completion: tokens('completion'),
      cached: tokens('cached'),
      timeToFirstToken: metrics.timeToFirstToken.labels(model, tier),
      outcomes: { completed: requests('completed'), cancelled: requests('cancelled'), failed: requests('failed') },
    };
    known.set(id, series);
  }
  return series;
}
