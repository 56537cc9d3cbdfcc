import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withDbErrors } from '@xerotier/db';
import { DataSource } from 'typeorm';
import type { TierPrice } from './tier-price.entity.ts';
import { TiersRepository } from './tiers.repository.ts';

export type NewPrice = Omit<TierPrice, 'version' | 'createdAt'>;

/** Prices would change the cost of what was recorded already. */
export class EarlyPriceError extends Error {
  constructor(tier: string) {
    super(`Prices of the tier '${tier}' can only be set from now on, and later than those that are set.`);
  }
}

/** The prices of tiers. */
@Injectable()
export class PricesService {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  /** The versions of the prices of a tier, the latest first. @throws {AppError} `tier.not_found`, `db.unavailable`. */
  async list(tier: string): Promise<TierPrice[]> {
    const tiers = new TiersRepository(this.database.manager);
    await tiers.get(tier);
    return tiers.listPrices(tier);
  }

  /**
   * Adds a version of the prices of a tier.
   * @throws {EarlyPriceError} if it is valid earlier than now, or than a version that exists.
   * @throws {AppError} `tier.not_found`, `db.unavailable`.
   */
  add(price: NewPrice, now = new Date()): Promise<TierPrice> {
    return withDbErrors(() =>
      this.database.transaction(async (manager) => {
        const tiers = new TiersRepository(manager);
        await tiers.lock(price.tier);
        const [latest] = await tiers.listPrices(price.tier);
        const isTooEarly = price.validFrom < now || (latest !== undefined && price.validFrom <= latest.validFrom);
        if (isTooEarly) throw new EarlyPriceError(price.tier);
        return tiers.addPrice({ ...price, version: (latest?.version ?? 0) + 1 });
      }),
    );
  }
}
