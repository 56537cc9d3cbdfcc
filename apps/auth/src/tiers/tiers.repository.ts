import { withDbErrors } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import type { EntityManager } from 'typeorm';
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
}
