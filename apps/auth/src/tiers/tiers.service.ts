import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { TierRecord, tiersContract, TierValues } from '@xerotier/contracts/auth';
import { seeingEveryTenant } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { ChangesService } from '../changes/changes.service.ts';
import { systemContext } from '../changes/system-context.ts';
import { tierRecordOf } from './tier-record.ts';
import type { Tier } from './tier.entity.ts';
import { TiersRepository } from './tiers.repository.ts';

type Operations = typeof tiersContract.operations;
export type TiersInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type TiersOutput<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

/** They are listed in one page, and gateways show them to everybody who creates an endpoint. */
const TIERS_MAX = 1_000;

/** The tiers that endpoints can be on. */
@Injectable()
export class TiersService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly changes: ChangesService,
  ) {}

  /** @throws {AppError} `tier.not_found`, `db.unavailable`. */
  async get({ slug }: TiersInput<'getTier'>): Promise<TierRecord> {
    return recordOf(this.database.manager, await new TiersRepository(this.database.manager).get(slug));
  }

  /** @throws {AppError} `tier.slug_taken`, `tier.too_many`; as `ChangesService.run`. */
  create({ context, ...input }: TiersInput<'createTier'>): Promise<TierRecord> {
    return this.changes.run(systemContext(context), 'createTier', input, async (manager) => {
      const tiers = new TiersRepository(manager);
      // Not exact for concurrent requests, which operators rarely send.
      if ((await tiers.count()) >= TIERS_MAX) throw new AppError('tier.too_many', { max: TIERS_MAX });
      const { slug, ...values } = input;
      await tiers.insert({ slug, ...columnsOf(values) });
      const result = await recordOf(manager, await tiers.get(slug));
      const audited = { action: 'tier.created', target: { type: 'tier', id: slug }, before: null, after: result };
      return { result, audited };
    });
  }

  /** @throws {AppError} `tier.not_found`; as `ChangesService.run`. */
  update({ context, ...input }: TiersInput<'updateTier'>): Promise<TierRecord> {
    return this.changes.run(systemContext(context), 'updateTier', input, async (manager) => {
      const tiers = new TiersRepository(manager);
      const { slug, ...values } = input;
      const before = await recordOf(manager, await tiers.lock(slug));
      const columns = columnsOf(values);
      if (Object.keys(columns).length === 0) return { result: before };
      await tiers.update(slug, columns);
      const result = await recordOf(manager, await tiers.get(slug));
      return { result, audited: { action: 'tier.updated', target: { type: 'tier', id: slug }, before, after: result } };
    });
  }

  /** @throws {AppError} `tier.not_found`, `tier.in_use`; as `ChangesService.run`. */
  async delete({ context, slug }: TiersInput<'deleteTier'>): Promise<void> {
    await this.changes.run(systemContext(context), 'deleteTier', { slug }, async (manager) => {
      const tiers = new TiersRepository(manager);
      const before = await recordOf(manager, await tiers.lockForDeletion(slug));
      if (await seeingEveryTenant(manager, () => tiers.isUsed(slug))) throw new AppError('tier.in_use', { tier: slug });
      await tiers.update(slug, { deletedAt: new Date() });
      const audited = { action: 'tier.deleted', target: { type: 'tier', id: slug }, before, after: null };
      return { result: {}, audited };
    });
  }
}

/** With the prices that are valid now. */
async function recordOf(manager: EntityManager, tier: Tier): Promise<TierRecord> {
  const prices = await new TiersRepository(manager).priceList();
  return tierRecordOf(tier, prices.at(tier.slug, Date.now()));
}

type Columns = Omit<Tier, 'slug' | 'deletedAt'>;

function columnsOf(values: TierValues): Columns;
function columnsOf(values: Partial<TierValues>): Partial<Columns>;
function columnsOf(values: Partial<TierValues>): Partial<Columns> {
  const { modelBytesMax, storageBytesMax, batchTokensMax, ...others } = values;
  return {
    ...others,
    ...(modelBytesMax !== undefined && { modelBytesMax: decimal(modelBytesMax) }),
    ...(storageBytesMax !== undefined && { storageBytesMax: decimal(storageBytesMax) }),
    ...(batchTokensMax !== undefined && { batchTokensMax: decimal(batchTokensMax) }),
  };
}

/** Of a `bigint` column. */
function decimal(value: number | null): string | null {
  return value === null ? null : String(value);
}
