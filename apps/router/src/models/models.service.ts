/** The model catalogue: entries of operators, models that workers advertise, and those of projects. */
import { Inject, Injectable } from '@nestjs/common';
import type { CatalogueModel, Model } from '@xerotier/contracts/router';
import type { WorkerState } from '@xerotier/contracts/xim';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { UPLOADED_MODEL_ID } from '../uploaded-models/uploaded-model-id.ts';
import { ModelsRepository } from './models.repository.ts';
import type { ModelsPage, NewModel } from './models.repository.ts';

/** Registration repeats, since an operator may overwrite a model without a context size. */
const REGISTER_INTERVAL_MS = 60_000;
/**
 * The owner of advertised models: the operator of the worker, not this project. The same as the default of deployments.
 */
const OWNER = 'local';

@Injectable()
export class ModelsService {
  /** When a model was last registered: a heartbeat per second must not become a query per second. */
  readonly #registeredAt = new Map<string, number>();

  constructor(
    private readonly repository: ModelsRepository,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Returns the existing models among the given ids. @throws {AppError} `db.unavailable`. */
  get(ids: readonly string[]): Promise<Model[]> {
    return ids.length === 0 ? Promise.resolve([]) : this.repository.findByIds(ids);
  }

  /** Returns one page of what a project may use. @throws {AppError} `db.unavailable`. */
  list(page: ModelsPage): Promise<{ data: CatalogueModel[]; hasMore: boolean }> {
    return this.repository.list(page);
  }

  async upsert(models: readonly NewModel[]): Promise<void> {
    for (const model of models) await this.repository.upsert(model);
  }

  /**
   * Registers the model of a worker: an unknown model gets an entry under its id, and one without a context size gets
   * the worker's. Retried at the next heartbeat after a database outage.
   */
  async registerAdvertised({ modelId, contextTokens }: Pick<WorkerState, 'modelId' | 'contextTokens'>): Promise<void> {
    // That of a project, perhaps of a deleted model: it must not become one of the platform, which everybody may use.
    if (UPLOADED_MODEL_ID.test(modelId)) return;
    // A worker may report its context size later.
    const key = `${modelId} ${contextTokens === undefined ? 'without' : 'with'} context`;
    const now = performance.now();
    if (now - (this.#registeredAt.get(key) ?? -Infinity) < REGISTER_INTERVAL_MS) return;
    this.#registeredAt.set(key, now);
    try {
      const known = contextTokens !== undefined && { contextTokens };
      await this.repository.insertIfMissing({ id: modelId, name: modelId, ownedBy: OWNER, ...known });
    } catch (error) {
      this.#registeredAt.delete(key);
      this.log.warn('model registration failed', { modelId, error });
    }
  }
}
