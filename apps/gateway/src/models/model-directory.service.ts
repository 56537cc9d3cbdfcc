/** Names and sizes of models, from the router's catalogue; remembered, since every answer names its model. */
import { Injectable } from '@nestjs/common';
import { routerContract } from '@xerotier/contracts/router';
import type { EndpointAccess, EndpointTask } from '@xerotier/contracts/auth';
import type { Model } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import { LRUCache } from 'lru-cache';

const FRESH_FOR_MS = 30_000;
const MODELS_MAX = 10_000;

@Injectable()
export class ModelDirectory {
  readonly #bus: Bus;
  /** Kept when it is no longer fresh: a model's name from a minute ago is better than none while the router is away. */
  readonly #models = new LRUCache<string, Model>({
    max: MODELS_MAX,
    ttl: FRESH_FOR_MS,
    allowStale: true,
    noDeleteOnStaleGet: true,
  });
  readonly #asking = new Map<string, Promise<boolean>>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** The model, at once when it is known (however old; it is then asked for again), else after asking. Undefined when there is none or nobody can say. */
  async get(modelId: string): Promise<Model | undefined> {
    const known = this.#models.get(modelId);
    if (known !== undefined && this.#models.getRemainingTTL(modelId) > 0) return known;
    const asking = this.#ask([modelId]);
    if (known === undefined) await asking;
    return known ?? this.#models.get(modelId);
  }

  /** The models of endpoints, one entry per model, in the order of the endpoints. An endpoint's model that the catalogue does not know is left out. */
  async list(endpoints: readonly EndpointAccess[]): Promise<Model[]> {
    const ids = [...new Set(endpoints.map(({ modelId }) => modelId))];
    const missing = ids.filter((id) => !this.#models.has(id));
    const isAnswered = missing.length === 0 || (await this.#ask(missing));
    const models = ids.map((id) => this.#models.get(id)).filter((model) => model !== undefined);
    if (models.length === 0 && !isAnswered) throw new AppError('router.unavailable');
    return models;
  }

  /**
   * The endpoint that a request without an endpoint in its URL means: the one of this slug, else the first whose model has
   * this name or id, and of several of these the first with one of the tasks.
   * @throws {AppError} `model.not_found`; `router.unavailable` when nobody can say which names there are.
   */
  async endpointFor(
    model: string,
    endpoints: readonly EndpointAccess[],
    tasks: readonly EndpointTask[],
  ): Promise<EndpointAccess> {
    const ofSlug = endpoints.find(({ slug }) => slug === model);
    if (ofSlug !== undefined) return ofSlug;
    const named = (await this.list(endpoints)).find(({ id, name }) => name === model || id === model);
    const ofName = endpoints.filter(({ modelId }) => modelId === named?.id);
    const ofModel = ofName.find(({ task }) => tasks.includes(task)) ?? ofName[0];
    if (ofModel === undefined) throw new AppError('model.not_found', { model }, { param: 'model' });
    return ofModel;
  }

  /** Whether the router answered; what it knows is then remembered. */
  #ask(ids: string[]): Promise<boolean> {
    const entry = ids.join(' ');
    const asking =
      this.#asking.get(entry) ??
      this.#bus
        .call(routerContract.operations.getModels, { ids })
        .then(({ models }) => {
          for (const model of models) this.#models.set(model.id, model);
          return true;
        })
        .catch(() => false)
        .finally(() => this.#asking.delete(entry));
    this.#asking.set(entry, asking);
    return asking;
  }
}
