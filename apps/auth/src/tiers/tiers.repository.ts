import { withDbErrors } from '@xerotier/db';
import type { EntityManager } from 'typeorm';
import { Tier } from './tier.entity.ts';

/** Created per transaction: see SeedRepository. */
export class TiersRepository {
  constructor(private readonly manager: EntityManager) {}

  async listSlugs(): Promise<string[]> {
    const tiers = await withDbErrors(() => this.manager.find(Tier, { select: { slug: true }, order: { slug: 'ASC' } }));
    return tiers.map((tier) => tier.slug);
  }
}
