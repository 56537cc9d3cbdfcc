import { withDbErrors } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import type { EntityManager } from 'typeorm';
import { Endpoint } from './endpoint.entity.ts';

/** Created per transaction: see SeedRepository. */
export class EndpointsRepository {
  constructor(private readonly manager: EntityManager) {}

  /** @throws {AppError} `endpoint.not_found`, also for an endpoint of another project. */
  async assertExists(projectId: string, id: string): Promise<void> {
    const exists = await withDbErrors(() => this.manager.existsBy(Endpoint, { projectId, id }));
    if (!exists) throw new AppError('endpoint.not_found', { endpoint: id });
  }

  /**
   * Creates the endpoint, or updates model, tier and task of the one with this slug. Returns whether anything changed.
   */
  async upsert(endpoint: Pick<Endpoint, 'projectId' | 'slug' | 'modelId' | 'tier' | 'task'>): Promise<boolean> {
    const { projectId, slug, modelId, tier, task } = endpoint;
    const rows = await withDbErrors(() =>
      this.manager.query<unknown[]>(
        `INSERT INTO auth.endpoint (project_id, slug, model_id, tier, task) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT ON CONSTRAINT endpoint_slug_key
           DO UPDATE SET model_id = excluded.model_id, tier = excluded.tier, task = excluded.task
           WHERE (endpoint.model_id, endpoint.tier, endpoint.task)
             IS DISTINCT FROM (excluded.model_id, excluded.tier, excluded.task)
         RETURNING id`,
        [projectId, slug, modelId, tier, task],
      ),
    );
    return rows.length > 0;
  }
}
