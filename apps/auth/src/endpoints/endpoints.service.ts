import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { TIER_FOR_UPLOADS } from '@xerotier/contracts/auth';
import type { EndpointRecord, endpointsContract } from '@xerotier/contracts/auth';
import { withTenant } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import type { Change } from '../changes/changes.service.ts';
import { ChangesService } from '../changes/changes.service.ts';
import { ProjectsRepository } from '../projects/projects.repository.ts';
import { tierRecordOf } from '../tiers/tier-record.ts';
import { TiersRepository } from '../tiers/tiers.repository.ts';
import type { Endpoint } from './endpoint.entity.ts';
import { endpointRecordOf, targetColumnsOf } from './endpoint-record.ts';
import { EndpointsRepository } from './endpoints.repository.ts';

type Operations = typeof endpointsContract.operations;
export type EndpointsInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type EndpointsOutput<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

/** The endpoints of projects. */
@Injectable()
export class EndpointsService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly changes: ChangesService,
  ) {}

  /** @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  list({ projectId, ...page }: EndpointsInput<'listEndpoints'>): Promise<EndpointsOutput<'listEndpoints'>> {
    return withTenant(this.database, projectId, async (manager) => {
      const { rows, hasMore } = await new EndpointsRepository(manager).list(projectId, page);
      return { data: rows.map(endpointRecordOf), hasMore };
    });
  }

  /** @throws {AppError} `endpoint.not_found`, `db.unavailable`. */
  get({ projectId, slug }: EndpointsInput<'getEndpoint'>): Promise<EndpointRecord> {
    return withTenant(this.database, projectId, async (manager) =>
      endpointRecordOf(await new EndpointsRepository(manager).get(projectId, slug)),
    );
  }

  /**
   * @throws {AppError} `tier.not_found`, `endpoint.slug_taken`, `endpoint.too_many`, `endpoint.wrong_tier`, `endpoint.model_too_large`;
   * as `ChangesService.run`.
   */
  create({ context, upload, ...input }: EndpointsInput<'createEndpoint'>): Promise<EndpointRecord> {
    const { projectId } = context;
    const { latencyTargets, ...endpoint } = input;
    return this.changes.run(context, 'createEndpoint', input, async (manager) => {
      await new ProjectsRepository(manager).lockedSlugOf(projectId);
      await assertRoomOn(manager, projectId, endpoint.tier);
      const modelBytes = bytesOf(upload);
      await assertTierServes(manager, { ...endpoint, modelBytes });
      const created = await new EndpointsRepository(manager).create({
        ...{ projectId, ...endpoint, modelBytes },
        ...targetColumnsOf(latencyTargets),
      });
      return changeOf('endpoint.created', undefined, created);
    });
  }

  /**
   * Changes what is present.
   * @throws {AppError} `endpoint.not_found`, `tier.not_found`, `endpoint.too_many` on the new tier, `endpoint.wrong_tier`,
   * `endpoint.model_too_large`; as `ChangesService.run`.
   */
  update({ context, upload, ...input }: EndpointsInput<'updateEndpoint'>): Promise<EndpointRecord> {
    const { projectId } = context;
    const { slug, modelId, tier, defaults, latencyTargets } = input;
    return this.changes.run(context, 'updateEndpoint', input, async (manager) => {
      await new ProjectsRepository(manager).lockedSlugOf(projectId);
      const endpoints = new EndpointsRepository(manager);
      const before = await endpoints.lock(projectId, slug);
      if (tier !== undefined && tier !== before.tier) await assertRoomOn(manager, projectId, tier);
      const choice = {
        ...(modelId !== undefined && { modelId, modelBytes: bytesOf(upload) }),
        ...(tier !== undefined && { tier }),
      };
      if (modelId !== undefined || tier !== undefined) await assertTierServes(manager, { ...before, ...choice });
      const after = await endpoints.update(before, {
        ...choice,
        ...(defaults !== undefined && { defaults }),
        ...(latencyTargets !== undefined && targetColumnsOf(latencyTargets)),
      });
      return changeOf('endpoint.updated', before, after);
    });
  }

  /** Pauses or resumes an endpoint. @throws {AppError} `endpoint.not_found`; as `ChangesService.run`. */
  setStatus({ context, ...input }: EndpointsInput<'setEndpointStatus'>): Promise<EndpointRecord> {
    const { slug, status } = input;
    return this.changes.run(context, 'setEndpointStatus', input, async (manager) => {
      const endpoints = new EndpointsRepository(manager);
      const before = await endpoints.lock(context.projectId, slug);
      if (before.status === status) return { result: endpointRecordOf(before) };
      const after = await endpoints.update(before, { status });
      return changeOf(status === 'paused' ? 'endpoint.paused' : 'endpoint.resumed', before, after);
    });
  }

  /**
   * Deletes an endpoint. Its row and slug remain, and keys that are locked to it can use nothing from then on.
   * @throws {AppError} `endpoint.not_found`; as `ChangesService.run`.
   */
  delete({ context, ...input }: EndpointsInput<'deleteEndpoint'>): Promise<EndpointRecord> {
    return this.changes.run(context, 'deleteEndpoint', input, async (manager) => {
      const endpoints = new EndpointsRepository(manager);
      const before = await endpoints.lock(context.projectId, input.slug);
      const after = await endpoints.update(before, { deletedAt: new Date() });
      return changeOf('endpoint.deleted', before, after);
    });
  }

  /** @throws {AppError} `db.unavailable`. */
  findModelUses({ projectId, modelId }: EndpointsInput<'findModelUses'>): Promise<EndpointsOutput<'findModelUses'>> {
    return withTenant(this.database, projectId, (manager) =>
      new EndpointsRepository(manager).usesOf(projectId, modelId),
    );
  }

  /** All tiers, with the prices that are valid now. */
  async listTiers(): Promise<EndpointsOutput<'listTiers'>> {
    const repository = new TiersRepository(this.database.manager);
    const [tiers, prices] = await Promise.all([repository.list(), repository.priceList()]);
    return { tiers: tiers.map((tier) => tierRecordOf(tier, prices.at(tier.slug, Date.now()))) };
  }
}

/** The project must be locked. @throws {AppError} `tier.not_found`, `endpoint.too_many`. */
async function assertRoomOn(manager: EntityManager, projectId: string, tier: string): Promise<void> {
  const { endpointsMax: max } = await new TiersRepository(manager).getForUse(tier);
  if (max !== null && (await new EndpointsRepository(manager).countOnTier(projectId, tier)) >= max)
    throw new AppError('endpoint.too_many', { max, tier }, { param: 'tier' });
}

/** For a column: null for a model of the platform. */
function bytesOf(upload: EndpointsInput<'createEndpoint'>['upload']): string | null {
  return upload === undefined ? null : String(upload.bytes);
}

/** Models of the platform are served on every tier. @throws {AppError} `tier.not_found`, `endpoint.wrong_tier`, `endpoint.model_too_large`. */
async function assertTierServes(
  manager: EntityManager,
  { modelId, modelBytes, tier }: Pick<Endpoint, 'modelId' | 'modelBytes' | 'tier'>,
): Promise<void> {
  if (modelBytes === null) return;
  if (tier !== TIER_FOR_UPLOADS)
    throw new AppError('endpoint.wrong_tier', { model: modelId, needed: TIER_FOR_UPLOADS }, { param: 'tier' });
  const { modelBytesMax: bytesMax } = await new TiersRepository(manager).getForUse(tier);
  if (bytesMax !== null && BigInt(modelBytes) > BigInt(bytesMax))
    throw new AppError(
      'endpoint.model_too_large',
      { model: modelId, bytes: Number(modelBytes), tier, bytesMax: Number(bytesMax) },
      { param: 'model' },
    );
}

type EndpointEvent =
  'endpoint.created' | 'endpoint.updated' | 'endpoint.paused' | 'endpoint.resumed' | 'endpoint.deleted';

function changeOf(type: EndpointEvent, before: Endpoint | undefined, after: Endpoint): Change<EndpointRecord> {
  const record = endpointRecordOf(after);
  const { id, slug, modelId, tier, task, status } = record;
  return {
    result: record,
    audited: {
      action: type,
      target: { type: 'endpoint', id },
      before: before === undefined ? null : endpointRecordOf(before),
      after: after.deletedAt === null ? record : null,
    },
    events: [{ type, data: { id, slug, model: modelId, tier, task, status } }],
    // Gateways cache the endpoints of every key of the project.
    access: {},
  };
}
