import { MODEL_USES_MAX } from '@xerotier/contracts/auth';
import { listPage, seeingEveryTenant, withDbErrors } from '@xerotier/db';
import type { PageRequest } from '@xerotier/db';
import { AppError, ensure } from '@xerotier/errors';
import { IsNull } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Endpoint } from './endpoint.entity.ts';

/** The columns of a new endpoint that have no default. */
export type NewEndpoint = Omit<Endpoint, 'id' | 'status' | 'deletedAt' | 'createdAt'>;

const KEYSET = [
  { name: 'created_at', type: 'timestamptz' },
  { name: 'id', type: 'uuid' },
] as const;

/** Created per transaction: see SeedRepository. */
export class EndpointsRepository {
  constructor(private readonly manager: EntityManager) {}

  /** Oldest or newest first, without deleted ones. @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  list(projectId: string, page: PageRequest): Promise<{ rows: Endpoint[]; hasMore: boolean }> {
    const options = { columns: KEYSET, projectId, filter: 'deleted_at IS NULL' };
    return listPage(this.manager.getRepository(Endpoint), options, page);
  }

  /** @throws {AppError} `endpoint.not_found`, also for a deleted endpoint. */
  async get(projectId: string, slug: string): Promise<Endpoint> {
    const where = { projectId, slug, deletedAt: IsNull() };
    const endpoint = await withDbErrors(() => this.manager.findOneBy(Endpoint, where));
    return ensure(endpoint, 'endpoint.not_found', { endpoint: slug });
  }

  /** As `get`; nobody else can change the endpoint until the transaction ends. */
  async lock(projectId: string, slug: string): Promise<Endpoint> {
    const where = { projectId, slug, deletedAt: IsNull() };
    const lock = { mode: 'pessimistic_write' } as const;
    const endpoint = await withDbErrors(() => this.manager.findOne(Endpoint, { where, lock }));
    return ensure(endpoint, 'endpoint.not_found', { endpoint: slug });
  }

  /** The id of an endpoint, also of a deleted one. @throws {AppError} `endpoint.not_found`. */
  async idOf(projectId: string, slug: string): Promise<string> {
    const endpoint = await withDbErrors(() => this.manager.findOneBy(Endpoint, { projectId, slug }));
    return ensure(endpoint, 'endpoint.not_found', { endpoint: slug }).id;
  }

  /** Returns the number of endpoints of a project on a tier. */
  countOnTier(projectId: string, tier: string): Promise<number> {
    return withDbErrors(() => this.manager.countBy(Endpoint, { projectId, tier, deletedAt: IsNull() }));
  }

  /** Who has a model, in a transaction of the project: see the contract. */
  async usesOf(
    projectId: string,
    modelId: string,
  ): Promise<{ slugs: string[]; own: number; foreign: number; bytesMax: number | null }> {
    const own = { projectId, modelId, deletedAt: IsNull() };
    const order = { slug: 'ASC' } as const;
    return withDbErrors(async () => {
      const first = await this.manager.find(Endpoint, { where: own, order, take: MODEL_USES_MAX });
      const count = await this.manager.countBy(Endpoint, own);
      const [all] = await seeingEveryTenant(this.manager, () =>
        this.manager.query<{ count: string; bytes_max: string | null }[]>(
          `SELECT count(*), min(tier.model_bytes_max) AS bytes_max FROM auth.endpoint
           JOIN auth.tier ON tier.slug = endpoint.tier WHERE model_id = $1 AND endpoint.deleted_at IS NULL`,
          [modelId],
        ),
      );
      const bytesMax = all?.bytes_max ?? null;
      return {
        ...{ slugs: first.map(({ slug }) => slug), own: count, foreign: Number(all?.count) - count },
        bytesMax: bytesMax === null ? null : Number(bytesMax),
      };
    });
  }

  /** @throws {AppError} `endpoint.slug_taken`, also when a deleted endpoint had the slug. */
  async create(endpoint: NewEndpoint): Promise<Endpoint> {
    const { projectId, slug } = endpoint;
    if (await withDbErrors(() => this.manager.existsBy(Endpoint, { projectId, slug })))
      throw new AppError('endpoint.slug_taken', { endpoint: slug }, { param: 'slug' });
    return withDbErrors(() => this.manager.save(Endpoint, this.manager.create(Endpoint, endpoint)));
  }

  /** @returns the endpoint afterwards. */
  async update(endpoint: Endpoint, values: Partial<Endpoint>): Promise<Endpoint> {
    const { projectId, id } = endpoint;
    await withDbErrors(() => this.manager.update(Endpoint, { projectId, id }, values));
    return this.manager.create(Endpoint, { ...endpoint, ...values });
  }

  /** @throws {AppError} `endpoint.not_found`, also for an endpoint of another project. */
  async assertExists(projectId: string, id: string): Promise<void> {
    const where = { projectId, id, deletedAt: IsNull() };
    const exists = await withDbErrors(() => this.manager.existsBy(Endpoint, where));
    if (!exists) throw new AppError('endpoint.not_found', { endpoint: id });
  }

  /**
   * Creates the endpoint, or updates model, tier and task of the one with this slug, also of a deleted one. Returns whether anything changed.
   */
  async upsert(endpoint: Pick<Endpoint, 'projectId' | 'slug' | 'modelId' | 'tier' | 'task'>): Promise<boolean> {
    const { projectId, slug, modelId, tier, task } = endpoint;
    const rows = await withDbErrors(() =>
      this.manager.query<unknown[]>(
        `INSERT INTO auth.endpoint (project_id, slug, model_id, tier, task) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT ON CONSTRAINT endpoint_slug_key
           DO UPDATE SET model_id = excluded.model_id, model_bytes = NULL, tier = excluded.tier, task = excluded.task, deleted_at = NULL
           WHERE (endpoint.model_id, endpoint.tier, endpoint.task, endpoint.deleted_at)
             IS DISTINCT FROM (excluded.model_id, excluded.tier, excluded.task, NULL)
         RETURNING id`,
        [projectId, slug, modelId, tier, task],
      ),
    );
    return rows.length > 0;
  }
}
