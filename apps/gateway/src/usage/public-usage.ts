import type { UsageEventRecord, UsageSums } from '@xerotier/contracts/auth';
import type { ResponseOf } from '@xerotier/public-api/operation';
import type { getUsageTotals, listUsageEvents } from '@xerotier/public-api/usage';

type PublicSums = Omit<ResponseOf<typeof getUsageTotals>, 'object' | 'start' | 'end' | 'currency'>;
export type PublicUsageEvent = ResponseOf<typeof listUsageEvents>['data'][number];

export function publicSumsOf(sums: UsageSums): PublicSums {
  return {
    requests: sums.requests,
    failed_requests: sums.failedRequests,
    cancelled_requests: sums.cancelledRequests,
    ...publicTokensOf(sums),
    cost_micros: sums.costMicros,
    unpriced_requests: sums.unpricedRequests,
  };
}

export function publicUsageEventOf(event: UsageEventRecord, model: string): PublicUsageEvent {
  const { requestId, kind, tier, priority, outcome, streamed, usage } = event;
  return {
    ...{ id: requestId, object: 'usage.event', kind, started_at: Math.floor(event.startedAt / 1_000) },
    ...{ endpoint: event.endpointSlug, endpoint_id: event.endpointId, key_id: event.keyId },
    ...{ model, model_id: event.modelId, tier, priority, requested_service_tier: event.requestedServiceTier },
    ...{ end_user: event.endUser, outcome, streamed },
    ...publicTokensOf(usage),
    ...{ cost_micros: event.costMicros, price_version: event.priceVersion },
    ...{ latency_ms: event.durationMs, ttft_ms: event.timeToFirstTokenMs },
  };
}

type Tokens = UsageEventRecord['usage'];
type PublicTokens = Pick<
  PublicSums,
  | 'input_tokens'
  | 'cached_tokens'
  | 'output_tokens'
  | 'reasoning_tokens'
  | 'accepted_prediction_tokens'
  | 'rejected_prediction_tokens'
>;

function publicTokensOf(usage: Required<Tokens>): PublicTokens {
  return {
    input_tokens: usage.promptTokens,
    cached_tokens: usage.cachedTokens,
    output_tokens: usage.completionTokens,
    reasoning_tokens: usage.reasoningTokens,
    accepted_prediction_tokens: usage.acceptedPredictionTokens,
    rejected_prediction_tokens: usage.rejectedPredictionTokens,
  };
}
