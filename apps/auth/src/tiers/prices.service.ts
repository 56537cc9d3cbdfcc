import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { ChangeContext, TierPriceRecord } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { DataSource } from 'typeorm';
import { ChangesService } from '../changes/changes.service.ts';
import type { TierPrice } from './tier-price.entity.ts';
import { TiersRepository } from './tiers.repository.ts';

export interface NewPrice extends Pick<
  TierPriceRecord,
  'tier' | 'inputMicros' | 'cachedInputMicros' | 'outputMicros' | 'batchDiscountPercent'
> {
  /** Unix milliseconds. Absent: from now on. */
  readonly validFrom?: number | undefined;
}

export interface PricesPage {
  /** The last version of the previous page. */
  readonly before?: number | undefined;
  readonly limit?: number;
}

/** The prices of tiers. */
@Injectable()
export class PricesService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly changes: ChangesService,
  ) {}

  /** The versions of the prices of a tier, the latest first. @throws {AppError} `tier.not_found`, `db.unavailable`. */
  async list(tier: string, page: PricesPage = {}): Promise<TierPriceRecord[]> {
    const tiers = new TiersRepository(this.database.manager);
    await tiers.get(tier);
    return (await tiers.listPrices(tier, page)).map(priceRecordOf);
  }

  /**
   * Adds a version of the prices of a tier. It must be valid later than all others, and not earlier than now: it would change the cost
   * of what was recorded already.
   * @param context of the system.
   * @throws {AppError} `tier.price_too_early`, `tier.not_found`; as `ChangesService.run`.
   */
  add(context: ChangeContext, price: NewPrice): Promise<TierPriceRecord> {
    return this.changes.run(context, 'addTierPrice', price, async (manager) => {
      const tiers = new TiersRepository(manager);
      await tiers.lock(price.tier);
      const now = Date.now();
      const validFrom = new Date(price.validFrom ?? now);
      const [latest] = await tiers.listPrices(price.tier, { limit: 1 });
      const isTooEarly = validFrom.getTime() < now || (latest !== undefined && validFrom <= latest.validFrom);
      if (isTooEarly) throw new AppError('tier.price_too_early', { tier: price.tier }, { param: 'valid_from' });
      const added = await tiers.addPrice({
        ...{ tier: price.tier, version: (latest?.version ?? 0) + 1, validFrom, createdBy: context.actor.id },
        ...{ batchDiscountPercent: price.batchDiscountPercent, inputMicros: String(price.inputMicros) },
        ...{ cachedInputMicros: String(price.cachedInputMicros), outputMicros: String(price.outputMicros) },
      });
      const result = priceRecordOf(added);
      return {
        result,
        audited: {
          action: 'tier_price.created',
          target: { type: 'tier', id: price.tier },
          before: null,
          after: result,
        },
      };
    });
  }
}

function priceRecordOf(price: TierPrice): TierPriceRecord {
  const { tier, version, batchDiscountPercent, createdBy, validFrom, createdAt } = price;
  return {
    ...{ tier, version, batchDiscountPercent, createdBy },
    ...{ validFrom: validFrom.getTime(), createdAt: createdAt.getTime() },
    inputMicros: Number(price.inputMicros),
    cachedInputMicros: Number(price.cachedInputMicros),
    outputMicros: Number(price.outputMicros),
  };
}
