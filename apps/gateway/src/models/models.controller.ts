/** `GET /v1/models` and `GET /v1/models/{model}`: of one endpoint, and of the whole project. */
import { Controller, Get, Param, Req } from '@nestjs/common';
import type { Model } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { onEveryBase } from '../access/base-paths.ts';
import { accessOf, RequireScope } from '../access/require-scope.ts';
import { ModelDirectory } from './model-directory.service.ts';
import type { modelList, PublicModel } from '@xerotier/public-api/models';

@Controller()
export class ModelsController {
  constructor(private readonly directory: ModelDirectory) {}

  @Get(onEveryBase('v1/models'))
  @RequireScope('inference')
  async list(@Req() request: FastifyRequest): Promise<z.infer<typeof modelList>> {
    const models = await this.directory.list(accessOf(request).endpoints);
    return { object: 'list', data: models.map(publicModel) };
  }

  // Model names may hold slashes (`org/model`), as clients of other servers know them.
  @Get(onEveryBase('v1/models/*'))
  @RequireScope('inference')
  async retrieve(@Req() request: FastifyRequest, @Param('*') name: string): Promise<PublicModel> {
    const models = await this.directory.list(accessOf(request).endpoints);
    const model = models.find((candidate) => candidate.name === name || candidate.id === name);
    if (model === undefined) throw new AppError('model.not_found', { model: name }, { param: 'model' });
    return publicModel(model);
  }
}

function publicModel({ name, createdAt, ownedBy }: Model): PublicModel {
  return { id: name, object: 'model', created: createdAt, owned_by: ownedBy };
}
