import { Injectable } from '@nestjs/common';
import { routerContract } from '@xerotier/contracts/router';
import type { Model } from '@xerotier/contracts/router';
import { heartbeat } from '@xerotier/contracts/xim';
import type { WorkerState } from '@xerotier/contracts/xim';
import { On, Serves } from '@xerotier/service-host';
import { ModelsService } from './models.service.ts';

/** Serves the model catalogue. */
@Injectable()
export class ModelsHandlers {
  constructor(private readonly models: ModelsService) {}

  @Serves(routerContract.operations.getModels)
  async getModels({ ids }: { ids: string[] }): Promise<{ models: Model[] }> {
    return { models: await this.models.get(ids) };
  }

  @On(heartbeat)
  registerAdvertised(state: WorkerState): Promise<void> {
    return this.models.registerAdvertised(state);
  }
}
