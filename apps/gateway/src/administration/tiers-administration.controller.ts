/** Tiers and their prices, for operators of the platform: `/api/v1/admin/tiers`. */
import { Controller, Param } from '@nestjs/common';
import { endpointsContract, tiersContract, tierSlug } from '@xerotier/contracts/auth';
import type { SystemChangeContext, TierPriceRecord, TierValues } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import {
  adminAddTierPrice,
  adminCreateTier,
  adminDeleteTier,
  adminGetTier,
  adminListTierPrices,
  adminListTiers,
  adminUpdateTier,
} from '@xerotier/public-api/administration';
import type { BodyOf, QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import { printable } from '../access/check-access.ts';
import { SystemChange } from '../management/change-context.ts';
import { publicPriceOf, publicTierOf } from '../management/public-tier.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, OperationQuery } from '../operations/operation-params.ts';

const operations = tiersContract.operations;
type PublicTier = ResponseOf<typeof adminGetTier>;
type PublicPrice = ResponseOf<typeof adminAddTierPrice>;

@Controller()
export class TiersAdministrationController {
  constructor(private readonly bus: Bus) {}

  @Operation(adminListTiers)
  async list(): Promise<ResponseOf<typeof adminListTiers>> {
    const { tiers } = await this.bus.call(endpointsContract.operations.listTiers, {});
    return pageOf(tiers.map(publicTierOf), false);
  }

  @Operation(adminGetTier)
  async retrieve(@Param('tier') tier: string): Promise<PublicTier> {
    return publicTierOf(await this.bus.call(operations.getTier, { slug: assertTierSlug(tier) }));
  }

  @Operation(adminCreateTier)
  async create(
    @SystemChange() context: SystemChangeContext,
    @OperationBody() { id, ...body }: BodyOf<typeof adminCreateTier>,
  ): Promise<PublicTier> {
    return publicTierOf(
      await this.bus.call(operations.createTier, {
        context,
        slug: id,
        ...UNLIMITED,
        ...tierValuesOf(body),
        name: body.name,
      }),
    );
  }

  @Operation(adminUpdateTier)
  async update(
    @SystemChange() context: SystemChangeContext,
    @Param('tier') tier: string,
    @OperationBody() body: BodyOf<typeof adminUpdateTier>,
  ): Promise<PublicTier> {
    const input = { context, slug: assertTierSlug(tier), ...tierValuesOf(body) };
    return publicTierOf(await this.bus.call(operations.updateTier, input));
  }

  @Operation(adminDeleteTier)
  async delete(
    @SystemChange() context: SystemChangeContext,
    @Param('tier') tier: string,
  ): Promise<ResponseOf<typeof adminDeleteTier>> {
    await this.bus.call(operations.deleteTier, { context, slug: assertTierSlug(tier) });
    return { id: tier, object: 'tier.deleted', deleted: true };
  }

  @Operation(adminListTierPrices)
  async listPrices(
    @Param('tier') tier: string,
    @OperationQuery() { after, limit }: QueryOf<typeof adminListTierPrices>,
  ): Promise<ResponseOf<typeof adminListTierPrices>> {
    if (after !== undefined && !/^[1-9]\d{0,8}$/.test(after))
      throw new AppError('list.unknown_cursor', { after: printable(after) }, { param: 'after' });
    const { data, hasMore } = await this.bus.call(operations.listTierPrices, {
      ...{ tier: assertTierSlug(tier), limit },
      ...(after !== undefined && { before: Number(after) }),
    });
    return pageOf(data.map(publicVersionOf), hasMore);
  }

  @Operation(adminAddTierPrice)
  async addPrice(
    @SystemChange() context: SystemChangeContext,
    @Param('tier') tier: string,
    @OperationBody() body: BodyOf<typeof adminAddTierPrice>,
  ): Promise<PublicPrice> {
    const { valid_from: validFrom, batch_discount_percent: batchDiscountPercent } = body;
    const added = await this.bus.call(operations.addTierPrice, {
      ...{ context, tier: assertTierSlug(tier), batchDiscountPercent },
      inputMicros: body.input_micros,
      cachedInputMicros: body.cached_input_micros,
      outputMicros: body.output_micros,
      ...(validFrom !== undefined && { validFrom: validFrom * 1_000 }),
    });
    return publicVersionOf(added);
  }
}

const UNLIMITED: Omit<TierValues, 'name'> = {
  requestsPerMinute: null,
  tokensPerMinute: null,
  endpointsMax: null,
  concurrencyMax: null,
  burstRequests: null,
  requestTimeoutSeconds: null,
  idleTimeoutSeconds: null,
  modelBytesMax: null,
  storageBytesMax: null,
  batchTokensMax: null,
};

/** What is present in the body. */
function tierValuesOf(body: BodyOf<typeof adminUpdateTier>): Partial<TierValues> {
  const values = {
    name: body.name,
    requestsPerMinute: body.requests_per_minute,
    tokensPerMinute: body.tokens_per_minute,
    endpointsMax: body.endpoints_max,
    concurrencyMax: body.concurrency_max,
    burstRequests: body.burst_requests,
    requestTimeoutSeconds: body.request_timeout_seconds,
    idleTimeoutSeconds: body.idle_timeout_seconds,
    modelBytesMax: body.model_bytes_max,
    storageBytesMax: body.storage_bytes_max,
    batchTokensMax: body.batch_tokens_max,
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** What cannot be a slug is not looked up. @throws {AppError} `tier.not_found`. */
function assertTierSlug(slug: string): string {
  if (!tierSlug.safeParse(slug).success)
    throw new AppError('tier.not_found', { tier: printable(slug) }, { param: 'tier' });
  return slug;
}

function publicVersionOf({ tier, createdBy, createdAt, ...price }: TierPriceRecord): PublicPrice {
  return {
    ...{ id: String(price.version), object: 'tier_price', tier, ...publicPriceOf(price) },
    ...{ created_by: createdBy, created_at: Math.floor(createdAt / 1_000) },
  };
}
