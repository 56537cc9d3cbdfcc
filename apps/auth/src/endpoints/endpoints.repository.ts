import { withDbErrors } from '@xerotier/db';
import type { EntityManager } from 'typeorm';
import type { Endpoint } from './endpoint.entity.ts';

export class EndpointsRepository {
  readonly #manager: EntityManager;

  constructor(manager: EntityManager) {
    this.#manager = manager;
  }

  /** Creates the endpoint, or gives the one of this slug another model and tier. Returns whether anything changed. */
  async upsert(endpoint: Pick<Endpoint, 'projectId' | 'slug' | 'modelId' | 'tier'>): Promise<boolean> {
    const { projectId, slug, modelId, tier } = endpoint;
    const rows = await withDbErrors(() =>
      this.#manager.query<unknown[]>(
        `INSERT INTO auth.endpoint (project_id, slug, model_id, tier) VALUES ($1, $2, $3, $4)
         ON CONFLICT ON CONSTRAINT endpoint_slug_key DO UPDATE SET model_id = excluded.model_id, tier = excluded.tier
           WHERE (endpoint.model_id, endpoint.tier) IS DISTINCT FROM (excluded.model_id, excluded.tier)
         RETURNING id`,
        [projectId, slug, modelId, tier],
      ),
    );
    return rows.length > 0;
  }
}
