/** `POST /v1/models/preflight` and `GET /v1/models/{id}/preflight`. */
import { Controller, Param } from '@nestjs/common';
import { modelsContract } from '@xerotier/contracts/router';
import { unknownShape } from '@xerotier/model-fit';
import { Bus } from '@xerotier/nats';
import { getModelPreflight, preflightModel } from '@xerotier/public-api/model-preflight';
import type { BodyOf, QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import type { ProjectAccess } from '../access/project-access.ts';
import { assertModelId } from '../management/model-params.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, OperationQuery, RequestProject } from '../operations/operation-params.ts';
import { publicPreflightOf, requestedShapeOf, requestedWishesOf } from './model-preflight.ts';

@Controller()
export class ModelPreflightController {
  constructor(private readonly bus: Bus) {}

  @Operation(preflightModel)
  preflight(@OperationBody() body: BodyOf<typeof preflightModel>): Promise<ResponseOf<typeof preflightModel>> {
    return Promise.resolve(publicPreflightOf(requestedShapeOf(body), requestedWishesOf(body), null));
  }

  @Operation(getModelPreflight)
  async retrieve(
    @RequestProject() { project }: ProjectAccess,
    @Param('model_id') id: string,
    @OperationQuery() query: QueryOf<typeof getModelPreflight>,
  ): Promise<ResponseOf<typeof getModelPreflight>> {
    const one = { projectId: project.id, modelId: assertModelId(id) };
    const { latest } = await this.bus.call(modelsContract.operations.getCatalogueModel, one);
    const { facts, bytes } = latest;
    const { gpu_memory_bytes: memoryBytes, gpu_count: gpus = 1 } = query;
    const wishes = {
      ...{ contextTokens: query.context_tokens, concurrency: query.concurrency, kvType: query.kv_cache_type },
      workers: memoryBytes === undefined ? [] : [{ memoryBytes, gpus }],
    };
    return publicPreflightOf(facts.shape ?? unknownShape(facts.architecture, { bytes, source: 'files' }), wishes, id);
  }
}
