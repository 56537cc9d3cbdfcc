/** What endpoints can be created with: the models of the catalogue, and the tiers. */
import { Controller, Param } from '@nestjs/common';
import { endpointsContract } from '@xerotier/contracts/auth';
import { modelId } from '@xerotier/contracts/ids';
import { modelsContract, routerContract } from '@xerotier/contracts/router';
import { AppError, ensure } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import { listTiers } from '@xerotier/public-api/endpoints';
import {
  discoverModels,
  getCatalogueModel,
  listCatalogueModels,
  listModelVersions,
} from '@xerotier/public-api/model-catalogue';
import type { QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import { printable } from '../access/check-access.ts';
import type { ProjectAccess } from '../access/project-access.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationQuery, RequestProject } from '../operations/operation-params.ts';
import { assertModelId } from './model-params.ts';
import { publicCatalogueModelOf, publicUploadOf, publicVersionOf } from './public-catalogue-model.ts';
import type { PublicCatalogueModel } from './public-catalogue-model.ts';
import { publicTierOf } from './public-tier.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

@Controller()
export class CatalogueController {
  constructor(private readonly bus: Bus) {}

  @Operation(listCatalogueModels)
  async listModels(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() { after, source, ...page }: QueryOf<typeof listCatalogueModels>,
  ): Promise<ResponseOf<typeof listCatalogueModels>> {
    const { data, hasMore } = await this.bus.call(routerContract.operations.listModels, {
      ...{ projectId: project.id, ...page, ...cursorOf(after) },
      ...(source !== undefined && { source }),
    });
    return pageOf(data.map(publicCatalogueModelOf), hasMore);
  }

  @Operation(discoverModels)
  async discover(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() { after, ...query }: QueryOf<typeof discoverModels>,
  ): Promise<ResponseOf<typeof discoverModels>> {
    const input = { projectId: project.id, ...query, ...cursorOf(after) };
    const { data, hasMore } = await this.bus.call(modelsContract.operations.discoverModels, input);
    return pageOf(data.map(publicUploadOf), hasMore);
  }

  @Operation(getCatalogueModel)
  async retrieve(
    @RequestProject() { project }: ProjectAccess,
    @Param('model_id') id: string,
  ): Promise<PublicCatalogueModel> {
    const one = { projectId: project.id, modelId: assertModelId(id) };
    // Most ids here are of uploads; the platform has few models.
    const upload = await this.bus.call(modelsContract.operations.getCatalogueModel, one).catch((error: unknown) => {
      if (AppError.is(error) && error.code === 'model.not_found') return undefined;
      throw error;
    });
    if (upload !== undefined) return publicUploadOf(upload);
    const query = { projectId: project.id, source: 'platform', named: id, limit: 100, order: 'asc' } as const;
    const { data } = await this.bus.call(routerContract.operations.listModels, query);
    const model = ensure(
      data.find((each) => each.id === id),
      'model.not_found',
      { model: id },
    );
    return publicCatalogueModelOf(model);
  }

  @Operation(listModelVersions)
  async listVersions(
    @RequestProject() { project }: ProjectAccess,
    @Param('model_id') id: string,
    @OperationQuery() { after, ...page }: QueryOf<typeof listModelVersions>,
  ): Promise<ResponseOf<typeof listModelVersions>> {
    if (after !== undefined && !UUID.test(after)) throw unknownCursor(after);
    const { data, hasMore } = await this.bus.call(modelsContract.operations.listModelVersions, {
      ...{ projectId: project.id, modelId: assertModelId(id), ...page },
      ...(after !== undefined && { after }),
    });
    return pageOf(data.map(publicVersionOf), hasMore);
  }

  @Operation(listTiers)
  async listTiers(): Promise<ResponseOf<typeof listTiers>> {
    const { tiers } = await this.bus.call(endpointsContract.operations.listTiers, {});
    const data = tiers.map(publicTierOf);
    return pageOf(data, false);
  }
}

/** @throws {AppError} `list.unknown_cursor` for what no model has as its id. */
function cursorOf(after: string | undefined): { after?: string } {
  if (after === undefined) return {};
  if (!modelId.safeParse(after).success) throw unknownCursor(after);
  return { after };
}

function unknownCursor(after: string): AppError {
  return new AppError('list.unknown_cursor', { after: printable(after) }, { param: 'after' });
}
