import { Injectable } from '@nestjs/common';
import { modelsContract } from '@xerotier/contracts/router';
import type { ModelVersion, UploadedModel } from '@xerotier/contracts/router';
import { Serves } from '@xerotier/service-host';
import { ModelVersionsService } from './model-versions.service.ts';
import { UploadedModelsService } from './uploaded-models.service.ts';
import type { ModelsInput, ModelsOutput } from './uploaded-models.service.ts';

const operations = modelsContract.operations;

/** Serves the models contract. */
@Injectable()
export class UploadedModelsHandlers {
  constructor(
    private readonly models: UploadedModelsService,
    private readonly versions: ModelVersionsService,
  ) {}

  @Serves(operations.registerModelVersion)
  registerVersion(input: ModelsInput<'registerModelVersion'>): Promise<ModelsOutput<'registerModelVersion'>> {
    return this.versions.register(input);
  }

  @Serves(operations.getCatalogueModel)
  get(input: ModelsInput<'getCatalogueModel'>): Promise<UploadedModel> {
    return this.models.get(input);
  }

  @Serves(operations.discoverModels)
  discover(input: ModelsInput<'discoverModels'>): Promise<ModelsOutput<'discoverModels'>> {
    return this.models.discover(input);
  }

  @Serves(operations.updateProjectModel)
  update(input: ModelsInput<'updateProjectModel'>): Promise<UploadedModel> {
    return this.models.update(input);
  }

  @Serves(operations.shareModel)
  share(input: ModelsInput<'shareModel'>): Promise<UploadedModel> {
    return this.models.share(input);
  }

  @Serves(operations.unshareModel)
  unshare(input: ModelsInput<'unshareModel'>): Promise<UploadedModel> {
    return this.models.unshare(input);
  }

  @Serves(operations.deleteProjectModel)
  async delete(input: ModelsInput<'deleteProjectModel'>): Promise<ModelsOutput<'deleteProjectModel'>> {
    await this.models.delete(input);
    return {};
  }

  @Serves(operations.listModelVersions)
  listVersions(input: ModelsInput<'listModelVersions'>): Promise<ModelsOutput<'listModelVersions'>> {
    return this.versions.list(input);
  }

  @Serves(operations.promoteModelVersion)
  promote(input: ModelsInput<'promoteModelVersion'>): Promise<ModelVersion> {
    return this.versions.promote(input);
  }

  @Serves(operations.rollbackModel)
  rollBack(input: ModelsInput<'rollbackModel'>): Promise<ModelVersion> {
    return this.versions.rollBack(input);
  }

  @Serves(operations.deleteModelVersion)
  deleteVersion(input: ModelsInput<'deleteModelVersion'>): Promise<ModelVersion> {
    return this.versions.delete(input);
  }
}
