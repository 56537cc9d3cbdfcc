/** What endpoints can be created with: the models of the catalogue, and the tiers. */
import { Controller } from '@nestjs/common';
import { endpointsContract } from '@xerotier/contracts/auth';
import { modelId } from '@xerotier/contracts/ids';
import { routerContract } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import { listCatalogueModels, listTiers } from '@xerotier/public-api/endpoints';
import type { QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import { printable } from '../access/check-access.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationQuery } from '../operations/operation-params.ts';
import { publicTierOf } from './public-tier.ts';

@Controller()
export class CatalogueController {
  constructor(private readonly bus: Bus) {}

  @Operation(listCatalogueModels)
  async listModels(
    @OperationQuery() { after, ...page }: QueryOf<typeof listCatalogueModels>,
  ): Promise<ResponseOf<typeof listCatalogueModels>> {
    if (after !== undefined && !modelId.safeParse(after).success)
      throw new AppError('list.unknown_cursor', { after: printable(after) }, { param: 'after' });
    const cursor = after === undefined ? {} : { after };
    const { data, hasMore } = await this.bus.call(routerContract.operations.listModels, { ...page, ...cursor });
    const models = data.map(({ id, createdAt, ownedBy, contextTokens = null }) => ({
      ...{ id, object: 'model' as const, created: createdAt, owned_by: ownedBy, context_tokens: contextTokens },
    }));
    return pageOf(models, hasMore);
  }

  @Operation(listTiers)
  async listTiers(): Promise<ResponseOf<typeof listTiers>> {
    const { tiers } = await this.bus.call(endpointsContract.operations.listTiers, {});
    const data = tiers.map(publicTierOf);
    return pageOf(data, false);
  }
}
