/** Endpoints of a project: `/v1/management/endpoints`. */
import { Controller, Param } from '@nestjs/common';
import { endpointsContract } from '@xerotier/contracts/auth';
import type { ChangeContext, EndpointDefaults, EndpointRecord } from '@xerotier/contracts/auth';
import { slug as slugSchema } from '@xerotier/contracts/ids';
import type { LatencyTargets } from '@xerotier/contracts/inference';
import { routerContract } from '@xerotier/contracts/router';
import type { CatalogueModel, ModelSource } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import {
  createEndpoint,
  deleteEndpoint,
  getEndpoint,
  listEndpoints,
  pauseEndpoint,
  resumeEndpoint,
  updateEndpoint,
} from '@xerotier/public-api/endpoints';
import type { BodyOf, QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import { printable } from '../access/check-access.ts';
import type { ProjectAccess } from '../access/project-access.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, OperationQuery, RequestProject } from '../operations/operation-params.ts';
import { Change } from './change-context.ts';

const operations = endpointsContract.operations;
type PublicEndpoint = ResponseOf<typeof getEndpoint>;

@Controller()
export class EndpointsController {
  constructor(
    private readonly bus: Bus,
    private readonly models: ModelDirectory,
  ) {}

  @Operation(listEndpoints)
  async list(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() { after, ...page }: QueryOf<typeof listEndpoints>,
  ): Promise<ResponseOf<typeof listEndpoints>> {
    if (after !== undefined && !UUID.test(after))
      throw new AppError('list.unknown_cursor', { after: printable(after) }, { param: 'after' });
    const { data, hasMore } = await this.bus.call(operations.listEndpoints, {
      ...{ projectId: project.id, ...page },
      ...(after !== undefined && { after }),
    });
    return pageOf(await Promise.all(data.map((endpoint) => this.publicEndpoint(project.id, endpoint))), hasMore);
  }

  @Operation(createEndpoint)
  async create(
    @Change() context: ChangeContext,
    @OperationBody() body: BodyOf<typeof createEndpoint>,
  ): Promise<PublicEndpoint> {
    const { slug, model, tier, task, defaults = {}, slo = {} } = body;
    const choice = choiceOf(await this.modelNamed(context.projectId, model));
    const endpoint = await this.bus.call(operations.createEndpoint, {
      ...{ context, slug, ...choice, tier, task },
      ...{ defaults: defaultsOf(defaults), latencyTargets: latencyTargetsOf(slo) },
    });
    return this.publicEndpoint(context.projectId, endpoint);
  }

  @Operation(getEndpoint)
  async retrieve(@RequestProject() { project }: ProjectAccess, @Param('slug') slug: string): Promise<PublicEndpoint> {
    const input = { projectId: project.id, slug: assertSlug(slug) };
    return this.publicEndpoint(project.id, await this.bus.call(operations.getEndpoint, input));
  }

  @Operation(updateEndpoint)
  async update(
    @Change() context: ChangeContext,
    @Param('slug') slug: string,
    @OperationBody() { model, tier, defaults, slo }: BodyOf<typeof updateEndpoint>,
  ): Promise<PublicEndpoint> {
    const endpoint = await this.bus.call(operations.updateEndpoint, {
      ...{ context, slug: assertSlug(slug) },
      ...(model !== undefined && choiceOf(await this.modelNamed(context.projectId, model))),
      ...(tier !== undefined && { tier }),
      ...(defaults !== undefined && { defaults: defaultsOf(defaults) }),
      ...(slo !== undefined && { latencyTargets: latencyTargetsOf(slo) }),
    });
    return this.publicEndpoint(context.projectId, endpoint);
  }

  @Operation(pauseEndpoint)
  pause(@Change() context: ChangeContext, @Param('slug') slug: string): Promise<PublicEndpoint> {
    return this.setStatus(context, slug, 'paused');
  }

  @Operation(resumeEndpoint)
  resume(@Change() context: ChangeContext, @Param('slug') slug: string): Promise<PublicEndpoint> {
    return this.setStatus(context, slug, 'active');
  }

  @Operation(deleteEndpoint)
  async delete(
    @Change() context: ChangeContext,
    @Param('slug') slug: string,
  ): Promise<ResponseOf<typeof deleteEndpoint>> {
    const { id } = await this.bus.call(operations.deleteEndpoint, { context, slug: assertSlug(slug) });
    return { id, object: 'endpoint.deleted', slug, deleted: true };
  }

  private async setStatus(context: ChangeContext, slug: string, status: 'active' | 'paused'): Promise<PublicEndpoint> {
    const input = { context, slug: assertSlug(slug), status };
    return this.publicEndpoint(context.projectId, await this.bus.call(operations.setEndpointStatus, input));
  }

  /**
   * Models that others share come last: their names are chosen by others, and must not make those of the platform and the project
   * ambiguous.
   * @throws {AppError} `model.not_found`; `request.invalid` if several models have the name. Both name the field.
   */
  private async modelNamed(projectId: string, named: string): Promise<CatalogueModel> {
    const [platform, own] = await Promise.all([
      this.modelsNamed(projectId, 'platform', named),
      this.modelsNamed(projectId, 'project', named),
    ]);
    const near = [...platform, ...own];
    const data = near.length > 0 ? near : await this.modelsNamed(projectId, 'shared', named);
    const model = data.find(({ id }) => id === named) ?? data[0];
    if (model === undefined) throw new AppError('model.not_found', { model: printable(named) }, { param: 'model' });
    if (model.id === named || data.length === 1) return model;
    const ids = data.map(({ id }) => `'${id}'`).join(', ');
    const reason = `Several models have the name '${printable(named)}'. Choose one by its id: ${ids}.`;
    throw new AppError('request.invalid', { reason }, { param: 'model' });
  }

  private async modelsNamed(projectId: string, source: ModelSource, named: string): Promise<CatalogueModel[]> {
    const query = { projectId, source, named, limit: 100, order: 'asc' } as const;
    return (await this.bus.call(routerContract.operations.listModels, query)).data;
  }

  private async publicEndpoint(projectId: string, endpoint: EndpointRecord): Promise<PublicEndpoint> {
    const { id, slug, modelId, tier, task, status, defaults, latencyTargets, createdAt } = endpoint;
    const { temperature, topP, maxCompletionTokens, systemPrompt } = defaults;
    const { timeToFirstTokenMs, timePerOutputTokenMs } = latencyTargets;
    return {
      ...{ id, object: 'endpoint', slug, url: `/${projectId}/${slug}/v1` },
      model: (await this.models.get(modelId))?.name ?? modelId,
      ...{ tier, task, status },
      defaults: {
        ...(temperature !== undefined && { temperature }),
        ...(topP !== undefined && { top_p: topP }),
        ...(maxCompletionTokens !== undefined && { max_completion_tokens: maxCompletionTokens }),
        ...(systemPrompt !== undefined && { system_prompt: systemPrompt }),
      },
      slo: {
        ...(timeToFirstTokenMs !== undefined && { ttft_ms: timeToFirstTokenMs }),
        ...(timePerOutputTokenMs !== undefined && { tpot_ms: timePerOutputTokenMs }),
      },
      created_at: Math.floor(createdAt / 1_000),
    };
  }
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @throws {AppError} `endpoint.not_found` for a malformed slug. */
function assertSlug(slug: string): string {
  if (!slugSchema.safeParse(slug).success) throw new AppError('endpoint.not_found', { endpoint: printable(slug) });
  return slug;
}

/** The model of an endpoint, as auth knows it. */
function choiceOf({ id, upload }: CatalogueModel): { modelId: string; upload?: { bytes: number } } {
  return { modelId: id, ...(upload !== undefined && { upload: { bytes: upload.latest.bytes } }) };
}

function defaultsOf(defaults: NonNullable<BodyOf<typeof updateEndpoint>['defaults']>): EndpointDefaults {
  const {
    temperature,
    top_p: topP,
    max_completion_tokens: maxCompletionTokens,
    system_prompt: systemPrompt,
  } = defaults;
  return {
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(maxCompletionTokens !== undefined && { maxCompletionTokens }),
    ...(systemPrompt !== undefined && { systemPrompt }),
  };
}

function latencyTargetsOf({
  ttft_ms: timeToFirstTokenMs,
  tpot_ms: timePerOutputTokenMs,
}: NonNullable<BodyOf<typeof updateEndpoint>['slo']>): LatencyTargets {
  return {
    ...(timeToFirstTokenMs !== undefined && { timeToFirstTokenMs }),
    ...(timePerOutputTokenMs !== undefined && { timePerOutputTokenMs }),
  };
}
