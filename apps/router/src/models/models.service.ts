/** The model catalogue: what operators entered, and what workers that nobody announced brought along. */
import { Inject, Injectable } from '@nestjs/common';
import type { Model } from '@xerotier/contracts/router';
import type { WorkerState } from '@xerotier/contracts/xim';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { ModelsRepository } from './models.repository.ts';
import type { NewModel } from './models.repository.ts';

/** An operator may overwrite what a worker said, and leave the context out. */
const ENTERED_AGAIN_MS = 60_000;
/** Whoever started the worker: the model is theirs, and not this project's. The same as deployments enter by default. */
const OWNER = 'local';

@Injectable()
export class ModelsService {
  /** When an entry was made sure of: a heartbeat a second must not be a query a second. */
  readonly #enteredAt = new Map<string, number>();

  constructor(
    private readonly repository: ModelsRepository,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** The models that exist among the given ids. @throws {AppError} `db.unavailable`. */
  get(ids: readonly string[]): Promise<Model[]> {
    return ids.length === 0 ? Promise.resolve([]) : this.repository.findByIds(ids);
  }

  async enter(models: readonly NewModel[]): Promise<void> {
    for (const model of models) await this.repository.upsert(model);
  }

  /** A worker serves a model: one that is not in the catalogue gets an entry under its id, and one without a context gets the worker's. Tried again at the next heartbeat when the database is away. */
  async noteAdvertised({ modelId, contextTokens }: Pick<WorkerState, 'modelId' | 'contextTokens'>): Promise<void> {
    // A worker whose server tells its context later says more then.
    const said = `${modelId} ${contextTokens === undefined ? 'without' : 'with'} context`;
    const now = performance.now();
    if (now - (this.#enteredAt.get(said) ?? -Infinity) < ENTERED_AGAIN_MS) return;
    this.#enteredAt.set(said, now);
    try {
      const known = contextTokens !== undefined && { contextTokens };
      await this.repository.insertIfMissing({ id: modelId, name: modelId, ownedBy: OWNER, ...known });
    } catch (error) {
      this.#enteredAt.delete(said);
      this.log.warn('an advertised model could not be entered', { modelId, error });
    }
  }
}
