/** Counts a usage record when it is published, so that the counters and the ledger have the same source. */
import type { UsageRecord } from '@xerotier/contracts/inference';
import { metrics, modelLabels, tierLabels } from './metrics.ts';

export function countUsage({ modelId, tier: slug, usage, outcome, timeToFirstTokenMs }: UsageRecord): void {
  const [model, tier] = [modelLabels.of(modelId), tierLabels.of(slug)];
  metrics.tokens.labels(model, tier, 'prompt').inc(usage.promptTokens);
  metrics.tokens.labels(model, tier, 'completion').inc(usage.completionTokens);
  metrics.tokens.labels(model, tier, 'cached').inc(usage.cachedTokens);
  metrics.requests.labels(model, tier, outcome).inc();
  if (timeToFirstTokenMs !== null) metrics.timeToFirstToken.labels(model, tier).observe(timeToFirstTokenMs / 1_000);
}
