import type { TierRecord } from '@xerotier/contracts/auth';
import type { PriceVersion } from './price-list.ts';
import type { Tier } from './tier.entity.ts';

/** A tier as other services see it. */
export function tierRecordOf(tier: Tier, price: PriceVersion | undefined): TierRecord {
  const {
    slug,
    name,
    requestsPerMinute,
    tokensPerMinute,
    modelBytesMax,
    storageBytesMax,
    batchTokensMax,
    deletedAt: _,
    ...limits
  } = tier;
  return {
    ...{ slug, name, limits: { requestsPerMinute, tokensPerMinute } },
    ...limits,
    modelBytesMax: modelBytesMax === null ? null : Number(modelBytesMax),
    storageBytesMax: storageBytesMax === null ? null : Number(storageBytesMax),
    batchTokensMax: batchTokensMax === null ? null : Number(batchTokensMax),
    price: price === undefined ? null : priceOf(price),
  };
}

function priceOf(price: PriceVersion): NonNullable<TierRecord['price']> {
  const { version, validFrom, inputMicros, cachedInputMicros, outputMicros, batchDiscountPercent } = price;
  return {
    ...{ version, validFrom: validFrom.getTime(), batchDiscountPercent },
    inputMicros: Number(inputMicros),
    cachedInputMicros: Number(cachedInputMicros),
    outputMicros: Number(outputMicros),
  };
}
