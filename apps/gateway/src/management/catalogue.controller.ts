/** What endpoints can be created with: the models of the catalogue, and the tiers. */
import { Controller } from '@nestjs/common';
import { endpointsContract } from '@xerotier/contracts/auth';
import type { TierRecord } from '@xerotier/contracts/auth';
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

type PublicTier = ResponseOf<typeof listTiers>['data'][number];

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

function publicTierOf({ slug, name, limits, price, ...tier }: TierRecord): PublicTier {
  return {
    ...{ id: slug, object: 'tier', name },
    requests_per_minute: limits.requestsPerMinute,
    tokens_per_minute: limits.tokensPerMinute,
    endpoints_max: tier.endpointsMax,
    concurrency_max: tier.concurrencyMax,
    burst_requests: tier.burstRequests,
    request_timeout_seconds: tier.requestTimeoutSeconds,
    idle_timeout_seconds: tier.idleTimeoutSeconds,
    model_bytes_max: tier.modelBytesMax,
    price: price && {
      ...{ version: price.version, valid_from: Math.floor(price.validFrom / 1_000), currency: 'usd' },
      input_micros: price.inputMicros,
      cached_input_micros: price.cachedInputMicros,
      output_micros: price.outputMicros,
      batch_discount_percent: price.batchDiscountPercent,
    },
  };
}
