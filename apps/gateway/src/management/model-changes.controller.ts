/** Changes of the models that a project has uploaded: `/v1/management/models/{model_id}`. */
import { Controller, Param } from '@nestjs/common';
import { projectsContract } from '@xerotier/contracts/auth';
import type { ChangeContext } from '@xerotier/contracts/auth';
import { modelsContract } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import {
  deleteCatalogueModel,
  deleteModelVersion,
  promoteModelVersion,
  rollBackModel,
  shareModel,
  unshareModel,
  updateCatalogueModel,
} from '@xerotier/public-api/model-catalogue';
import type { BodyOf, ResponseOf } from '@xerotier/public-api/operation';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody } from '../operations/operation-params.ts';
import { Change } from './change-context.ts';
import { assertModelId, assertVersionKey } from './model-params.ts';
import { publicUploadOf, publicVersionOf } from './public-catalogue-model.ts';
import type { PublicCatalogueModel } from './public-catalogue-model.ts';

const operations = modelsContract.operations;

@Controller()
export class ModelChangesController {
  constructor(private readonly bus: Bus) {}

  @Operation(updateCatalogueModel)
  async update(
    @Change() context: ChangeContext,
    @Param('model_id') id: string,
    @OperationBody() body: BodyOf<typeof updateCatalogueModel>,
  ): Promise<PublicCatalogueModel> {
    const { workload_types: workloadTypes, ...values } = body;
    const input = { ...values, ...(workloadTypes !== undefined && { workloadTypes }) };
    const one = await this.changeOf(context, id);
    return publicUploadOf(await this.bus.call(operations.updateProjectModel, { ...one, ...input }));
  }

  @Operation(deleteCatalogueModel)
  async delete(
    @Change() context: ChangeContext,
    @Param('model_id') id: string,
  ): Promise<ResponseOf<typeof deleteCatalogueModel>> {
    await this.bus.call(operations.deleteProjectModel, await this.changeOf(context, id));
    return { id, object: 'model.deleted', deleted: true };
  }

  @Operation(shareModel)
  async share(@Change() context: ChangeContext, @Param('model_id') id: string): Promise<PublicCatalogueModel> {
    return publicUploadOf(await this.bus.call(operations.shareModel, await this.changeOf(context, id)));
  }

  @Operation(unshareModel)
  async unshare(@Change() context: ChangeContext, @Param('model_id') id: string): Promise<PublicCatalogueModel> {
    return publicUploadOf(await this.bus.call(operations.unshareModel, await this.changeOf(context, id)));
  }

  @Operation(promoteModelVersion)
  async promote(
    @Change() context: ChangeContext,
    @Param('model_id') id: string,
    @Param('version') version: string,
  ): Promise<ResponseOf<typeof promoteModelVersion>> {
    const input = { ...(await this.changeOf(context, id)), version: assertVersionKey(id, version) };
    return publicVersionOf(await this.bus.call(operations.promoteModelVersion, input));
  }

  @Operation(rollBackModel)
  async rollBack(
    @Change() context: ChangeContext,
    @Param('model_id') id: string,
    @OperationBody() body: BodyOf<typeof rollBackModel> | undefined,
  ): Promise<ResponseOf<typeof rollBackModel>> {
    const input = { ...(await this.changeOf(context, id)), ...(body?.from !== undefined && { from: body.from }) };
    return publicVersionOf(await this.bus.call(operations.rollbackModel, input));
  }

  @Operation(deleteModelVersion)
  async deleteVersion(
    @Change() context: ChangeContext,
    @Param('model_id') id: string,
    @Param('version') key: string,
  ): Promise<ResponseOf<typeof deleteModelVersion>> {
    const input = { ...(await this.changeOf(context, id)), version: assertVersionKey(id, key) };
    const { id: versionId, version } = await this.bus.call(operations.deleteModelVersion, input);
    return { id: versionId, object: 'model.version.deleted', version, deleted: true };
  }

  /** @throws {AppError} `model.not_found`; `project.archived`, which the router does not know. */
  private async changeOf(context: ChangeContext, id: string): Promise<{ context: ChangeContext; modelId: string }> {
    const modelId = assertModelId(id);
    const { projectId } = context;
    const { archivedAt } = await this.bus.call(projectsContract.operations.getProject, { projectId });
    if (archivedAt !== null) throw new AppError('project.archived', { project: projectId });
    return { context, modelId };
  }
}
