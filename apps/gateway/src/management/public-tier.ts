import type { TierRecord } from '@xerotier/contracts/auth';
import type { listTiers } from '@xerotier/public-api/endpoints';
import type { ResponseOf } from '@xerotier/public-api/operation';

type PublicTier = ResponseOf<typeof listTiers>['data'][number];

export function publicTierOf({ slug, name, limits, price, ...tier }: TierRecord): PublicTier {
  return {
    ...{ id: slug, object: 'tier', name },
    requests_per_minute: limits.requestsPerMinute,
    tokens_per_minute: limits.tokensPerMinute,
    endpoints_max: tier.endpointsMax,
    concurrency_max: tier.concurrencyMax,
    burst_requests: tier.burstRequests,
    request_timeout_seconds: tier.requestTimeoutSeconds,
    idle_timeout_seconds: tier.idleTimeoutSeconds,
    model_bytes_max: tier.modelBytesMax,
    storage_bytes_max: tier.storageBytesMax,
    batch_tokens_max: tier.batchTokensMax,
    price: price && publicPriceOf(price),
  };
}

export function publicPriceOf(price: NonNullable<TierRecord['price']>): NonNullable<PublicTier['price']> {
  return {
    ...{ version: price.version, valid_from: Math.floor(price.validFrom / 1_000), currency: 'usd' },
    input_micros: price.inputMicros,
    cached_input_micros: price.cachedInputMicros,
    output_micros: price.outputMicros,
    batch_discount_percent: price.batchDiscountPercent,
  };
}
