import { Injectable } from '@nestjs/common';
import { routerContract } from '@xerotier/contracts/router';
import type { CatalogueModel, Model } from '@xerotier/contracts/router';
import { heartbeat } from '@xerotier/contracts/xim';
import type { WorkerState } from '@xerotier/contracts/xim';
import { On, Serves } from '@xerotier/service-host';
import type { ModelsPage } from './models.repository.ts';
import { ModelsService } from './models.service.ts';

/** Serves the model catalogue. */
@Injectable()
export class ModelsHandlers {
  constructor(private readonly models: ModelsService) {}

  @Serves(routerContract.operations.getModels)
  async getModels({ ids }: { ids: string[] }): Promise<{ models: Model[] }> {
    return { models: await this.models.get(ids) };
  }

  @Serves(routerContract.operations.listModels)
  listModels(page: ModelsPage): Promise<{ data: CatalogueModel[]; hasMore: boolean }> {
    return this.models.list(page);
  }

  @On(heartbeat)
  registerAdvertised(state: WorkerState): Promise<void> {
    return this.models.registerAdvertised(state);
  }
}
