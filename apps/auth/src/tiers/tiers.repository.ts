import { withDbErrors } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import type { EntityManager } from 'typeorm';
import { PriceList } from './price-list.ts';
import { TierPrice } from './tier-price.entity.ts';
import { Tier } from './tier.entity.ts';

/** Created per transaction: see SeedRepository. */
export class TiersRepository {
  constructor(private readonly manager: EntityManager) {}

  async listSlugs(): Promise<string[]> {
    const tiers = await withDbErrors(() => this.manager.find(Tier, { select: { slug: true }, order: { slug: 'ASC' } }));
    return tiers.map((tier) => tier.slug);
  }

  list(): Promise<Tier[]> {
    return withDbErrors(() => this.manager.find(Tier, { order: { slug: 'ASC' } }));
  }

  /** @throws {AppError} `tier.not_found`. */
  async get(slug: string): Promise<Tier> {
    const tier = await withDbErrors(() => this.manager.findOneBy(Tier, { slug }));
    if (tier === null) throw new AppError('tier.not_found', { tier: slug }, { param: 'tier' });
    return tier;
  }

  /** As `get`; nobody else can add a price until the transaction ends. */
  async lock(slug: string): Promise<Tier> {
    const lock = { mode: 'for_no_key_update' } as const;
    const tier = await withDbErrors(() => this.manager.findOne(Tier, { where: { slug }, lock }));
    if (tier === null) throw new AppError('tier.not_found', { tier: slug }, { param: 'tier' });
    return tier;
  }

  async priceList(): Promise<PriceList> {
    return new PriceList(await withDbErrors(() => this.manager.find(TierPrice)));
  }

  /** The versions of the prices of a tier, the latest first. */
  listPrices(tier: string): Promise<TierPrice[]> {
    return withDbErrors(() => this.manager.find(TierPrice, { where: { tier }, order: { version: 'DESC' } }));
  }

  addPrice(price: Omit<TierPrice, 'createdAt'>): Promise<TierPrice> {
    return withDbErrors(() => this.manager.save(TierPrice, this.manager.create(TierPrice, price)));
  }
}
