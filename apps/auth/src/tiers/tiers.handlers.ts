import { Injectable } from '@nestjs/common';
import { tiersContract } from '@xerotier/contracts/auth';
import type { TierPriceRecord, TierRecord } from '@xerotier/contracts/auth';
import { Serves } from '@xerotier/service-host';
import { systemContext } from '../changes/system-context.ts';
import { PricesService } from './prices.service.ts';
import { TiersService } from './tiers.service.ts';
import type { TiersInput, TiersOutput } from './tiers.service.ts';

const operations = tiersContract.operations;

/** Serves the tiers contract. */
@Injectable()
export class TiersHandlers {
  constructor(
    private readonly tiers: TiersService,
    private readonly prices: PricesService,
  ) {}

  @Serves(operations.getTier)
  get(input: TiersInput<'getTier'>): Promise<TierRecord> {
    return this.tiers.get(input);
  }

  @Serves(operations.createTier)
  create(input: TiersInput<'createTier'>): Promise<TierRecord> {
    return this.tiers.create(input);
  }

  @Serves(operations.updateTier)
  update(input: TiersInput<'updateTier'>): Promise<TierRecord> {
    return this.tiers.update(input);
  }

  @Serves(operations.deleteTier)
  async delete(input: TiersInput<'deleteTier'>): Promise<Record<string, never>> {
    await this.tiers.delete(input);
    return {};
  }

  @Serves(operations.listTierPrices)
  async listPrices({ tier, before, limit }: TiersInput<'listTierPrices'>): Promise<TiersOutput<'listTierPrices'>> {
    const found = await this.prices.list(tier, { before, limit: limit + 1 });
    return { data: found.slice(0, limit), hasMore: found.length > limit };
  }

  @Serves(operations.addTierPrice)
  addPrice({ context, ...price }: TiersInput<'addTierPrice'>): Promise<TierPriceRecord> {
    return this.prices.add(systemContext(context), price);
  }
}
