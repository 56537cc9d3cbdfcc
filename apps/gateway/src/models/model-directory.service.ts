/** Models of the router's catalogue; cached, since every response contains the name of its model. */
import { Injectable } from '@nestjs/common';
import { routerContract } from '@xerotier/contracts/router';
import type { EndpointAccess, EndpointTask } from '@xerotier/contracts/auth';
import type { Model } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import { LRUCache } from 'lru-cache';

const CACHE_TTL_MS = 30_000;
const MODELS_MAX = 10_000;

@Injectable()
export class ModelDirectory {
  readonly #bus: Bus;
  /** Stale entries are kept, for use while the router is unavailable. */
  readonly #models = new LRUCache<string, Model>({
    max: MODELS_MAX,
    ttl: CACHE_TTL_MS,
    allowStale: true,
    noDeleteOnStaleGet: true,
  });
  readonly #pending = new Map<string, Promise<boolean>>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /**
   * Returns the model from the cache, or from the router. A stale entry is returned immediately, and refreshed in the background.
   * Undefined if it does not exist, or if the router is unavailable.
   */
  async get(modelId: string): Promise<Model | undefined> {
    const cached = this.#models.get(modelId);
    if (cached !== undefined && this.#models.getRemainingTTL(modelId) > 0) return cached;
    const loading = this.#load([modelId]);
    if (cached === undefined) await loading;
    return cached ?? this.#models.get(modelId);
  }

  /**
   * Returns the models of endpoints without duplicates, in the order of the endpoints. Unknown models are omitted.
   * @throws {AppError} `router.unavailable` if none is cached and the router is unavailable.
   */
  async list(endpoints: readonly EndpointAccess[]): Promise<Model[]> {
    const ids = [...new Set(endpoints.map(({ modelId }) => modelId))];
    const missing = ids.filter((id) => !this.#models.has(id));
    const isLoaded = missing.length === 0 || (await this.#load(missing));
    const models = ids.map((id) => this.#models.get(id)).filter((model) => model !== undefined);
    if (models.length === 0 && !isLoaded) throw new AppError('router.unavailable');
    return models;
  }

  /**
   * Returns the endpoint that `model` selects: by slug, or by the name or id of its model, preferring endpoints that are not
   * paused, and then those with one of the tasks.
   * @throws {AppError} `model.not_found`; `router.unavailable` if the names are unknown because the router is unavailable.
   */
  async endpointFor(
    model: string,
    endpoints: readonly EndpointAccess[],
    tasks: readonly EndpointTask[],
  ): Promise<EndpointAccess> {
    const bySlug = endpoints.find(({ slug }) => slug === model);
    if (bySlug !== undefined) return bySlug;
    const named = (await this.list(endpoints)).find(({ id, name }) => name === model || id === model);
    const ofModel = endpoints.filter(({ modelId }) => modelId === named?.id);
    const active = ofModel.filter(({ status }) => status === 'active');
    const byName = active.length > 0 ? active : ofModel;
    const endpoint = byName.find(({ task }) => tasks.includes(task)) ?? byName[0];
    if (endpoint === undefined) throw new AppError('model.not_found', { model }, { param: 'model' });
    return endpoint;
  }

  /** Loads models into the cache. Returns false if the router is unavailable. */
  #load(ids: string[]): Promise<boolean> {
    const entry = ids.join(' ');
    const loading =
      this.#pending.get(entry) ??
      this.#bus
        .call(routerContract.operations.getModels, { ids })
        .then(({ models }) => {
          for (const model of models) this.#models.set(model.id, model);
          return true;
        })
        .catch(() => false)
        .finally(() => this.#pending.delete(entry));
    this.#pending.set(entry, loading);
    return loading;
  }
}
