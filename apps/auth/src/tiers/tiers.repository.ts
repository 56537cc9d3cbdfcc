import { withDbErrors } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import { IsNull, LessThan } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Endpoint } from '../endpoints/endpoint.entity.ts';
import { PriceList } from './price-list.ts';
import { TierPrice } from './tier-price.entity.ts';
import { Tier } from './tier.entity.ts';

const EXISTING = { deletedAt: IsNull() };

type LockMode = 'for_key_share' | 'for_no_key_update' | 'pessimistic_write';

/** Created per transaction: see SeedRepository. */
export class TiersRepository {
  constructor(private readonly manager: EntityManager) {}

  async listSlugs(): Promise<string[]> {
    const tiers = await this.list();
    return tiers.map((tier) => tier.slug);
  }

  list(): Promise<Tier[]> {
    return withDbErrors(() => this.manager.find(Tier, { where: EXISTING, order: { slug: 'ASC' } }));
  }

  count(): Promise<number> {
    return withDbErrors(() => this.manager.countBy(Tier, EXISTING));
  }

  /** @throws {AppError} `tier.not_found`. */
  get(slug: string): Promise<Tier> {
    return this.find(slug);
  }

  /** As `get`; the tier cannot be deleted until the transaction ends. */
  getForUse(slug: string): Promise<Tier> {
    return this.find(slug, 'for_key_share');
  }

  /** As `get`; nobody else can change the tier or its prices until the transaction ends. */
  lock(slug: string): Promise<Tier> {
    return this.find(slug, 'for_no_key_update');
  }

  /** As `lock`, and it waits for transactions that use the tier (`getForUse`). */
  lockForDeletion(slug: string): Promise<Tier> {
    return this.find(slug, 'pessimistic_write');
  }

  /** @throws {AppError} `tier.slug_taken`, also by a deleted tier. */
  async insert(tier: Omit<Tier, 'deletedAt'>): Promise<void> {
    await withDbErrors(() => this.manager.insert(Tier, tier), {
      tier_pkey: (cause) => new AppError('tier.slug_taken', { tier: tier.slug }, { cause, param: 'id' }),
    });
  }

  async update(slug: string, values: Partial<Omit<Tier, 'slug'>>): Promise<void> {
    await withDbErrors(() => this.manager.update(Tier, { slug }, values));
  }

  /** Whether an endpoint of any project uses the tier: see `seeingEveryTenant`. */
  isUsed(slug: string): Promise<boolean> {
    return withDbErrors(() => this.manager.existsBy(Endpoint, { tier: slug, deletedAt: IsNull() }));
  }

  async priceList(): Promise<PriceList> {
    return new PriceList(await withDbErrors(() => this.manager.find(TierPrice)));
  }

  /** The versions of the prices of a tier, the latest first. */
  listPrices(
    tier: string,
    { before, limit }: { readonly before?: number | undefined; readonly limit?: number | undefined } = {},
  ): Promise<TierPrice[]> {
    const where = { tier, ...(before !== undefined && { version: LessThan(before) }) };
    const take = limit === undefined ? {} : { take: limit };
    return withDbErrors(() => this.manager.find(TierPrice, { where, order: { version: 'DESC' }, ...take }));
  }

  addPrice(price: Omit<TierPrice, 'createdAt'>): Promise<TierPrice> {
    return withDbErrors(() => this.manager.save(TierPrice, this.manager.create(TierPrice, price)));
  }

  private async find(slug: string, mode?: LockMode): Promise<Tier> {
    const lock = mode === undefined ? {} : { lock: { mode } };
    const tier = await withDbErrors(() => this.manager.findOne(Tier, { where: { slug, ...EXISTING }, ...lock }));
    if (tier === null) throw new AppError('tier.not_found', { tier: slug }, { param: 'tier' });
    return tier;
  }
}
