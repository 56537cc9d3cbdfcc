import type { TierPrice } from './tier-price.entity.ts';
import type { TokenPrices } from './token-cost.ts';

/** One version of the prices of a tier. */
export interface PriceVersion extends TokenPrices {
  readonly version: number;
  readonly validFrom: Date;
}

/** All versions of the prices of all tiers. */
export class PriceList {
  readonly #byTier: ReadonlyMap<string, readonly PriceVersion[]>;

  constructor(prices: readonly TierPrice[]) {
    // The latest first: most requests have just started.
    const latestFirst = prices.toSorted((a, b) => b.validFrom.getTime() - a.validFrom.getTime());
    this.#byTier = Map.groupBy(latestFirst.map(versionOf), ({ tier }) => tier);
  }

  /** The prices of a tier at a time in Unix milliseconds; undefined if it had none. */
  at(tier: string, time: number): PriceVersion | undefined {
    return this.#byTier.get(tier)?.find(({ validFrom }) => validFrom.getTime() <= time);
  }
}

function versionOf(price: TierPrice): PriceVersion & { readonly tier: string } {
  const { tier, version, validFrom, inputMicros, cachedInputMicros, outputMicros, batchDiscountPercent } = price;
  return {
    ...{ tier, version, validFrom, batchDiscountPercent },
    inputMicros: BigInt(inputMicros),
    cachedInputMicros: BigInt(cachedInputMicros),
    outputMicros: BigInt(outputMicros),
  };
}
