/** `GET /v1/models` and `GET /v1/models/{model}`, of an endpoint or of a project. */
import { Controller, Param } from '@nestjs/common';
import type { Access } from '@xerotier/contracts/auth';
import type { Model } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import { listModels, retrieveModel } from '@xerotier/public-api/models';
import type { PublicModel } from '@xerotier/public-api/models';
import type { ResponseOf } from '@xerotier/public-api/operation';
import { ModelDirectory } from './model-directory.service.ts';
import { RequestAccess } from '../operations/operation-params.ts';
import { Operation } from '../operations/operation.decorator.ts';

@Controller()
export class ModelsController {
  constructor(private readonly directory: ModelDirectory) {}

  @Operation(listModels)
  async list(@RequestAccess() { endpoints }: Access): Promise<ResponseOf<typeof listModels>> {
    const models = await this.directory.list(endpoints);
    return { object: 'list', data: models.map(publicModel) };
  }

  // Model names may contain slashes (`org/model`), which many clients do not encode.
  @Operation(retrieveModel)
  async retrieve(@RequestAccess() { endpoints }: Access, @Param('*') name: string): Promise<PublicModel> {
    const models = await this.directory.list(endpoints);
    const model = models.find((candidate) => candidate.name === name || candidate.id === name);
    if (model === undefined) throw new AppError('model.not_found', { model: name }, { param: 'model' });
    return publicModel(model);
  }
}

function publicModel({ name, createdAt, ownedBy }: Model): PublicModel {
  return { id: name, object: 'model', created: createdAt, owned_by: ownedBy };
}
