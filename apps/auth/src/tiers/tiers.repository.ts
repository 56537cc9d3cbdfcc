import { withDbErrors } from '@xerotier/db';
import type { EntityManager } from 'typeorm';
import { TierEntity } from './tier.entity.ts';

export class TiersRepository {
  readonly #manager: EntityManager;

  constructor(manager: EntityManager) {
    this.#manager = manager;
  }

  async listSlugs(): Promise<string[]> {
    const tiers = await withDbErrors(() =>
      this.#manager.find(TierEntity, { select: { slug: true }, order: { slug: 'ASC' } }),
    );
    return tiers.map((tier) => tier.slug);
  }
}
