import { Injectable } from '@nestjs/common';
import { TIER_FOR_UPLOADS } from '@xerotier/contracts/auth';
import type { ModelVersion } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import type { EntityManager } from 'typeorm';
import { addToAuditLog, announceRemoval, auditedModel, auditedVersion } from './model-changes.ts';
import type { Author } from './model-changes.ts';
import { ModelUses } from './model-uses.ts';
import type { ModelVersionEntity } from './model-version.entity.ts';
import { ModelVersionsRepository } from './model-versions.repository.ts';
import type { NewVersion } from './model-versions.repository.ts';
import { newModelId } from './uploaded-model-id.ts';
import { versionRecordOf } from './uploaded-model-record.ts';
import type { UploadedModelEntity } from './uploaded-model.entity.ts';
import { UploadedModelsRepository } from './uploaded-models.repository.ts';
import { UploadedModelsService } from './uploaded-models.service.ts';
import type { ModelsInput, ModelsOutput } from './uploaded-models.service.ts';
import { FIRST_VERSION, nextPatch } from './version-number.ts';

type Registration = ModelsInput<'registerModelVersion'>;

/** The versions of the models of projects. Endpoints serve the latest one, to which a pointer moves. */
@Injectable()
export class ModelVersionsService {
  constructor(
    private readonly models: UploadedModelsRepository,
    private readonly versions: ModelVersionsRepository,
    private readonly uploadedModels: UploadedModelsService,
    private readonly uses: ModelUses,
  ) {}

  /**
   * See the contract.
   * @throws {AppError} `model.version_exists`, `model.version_not_found`, `outbox.full`, `db.unavailable`; of auth.
   */
  async register(input: Registration): Promise<ModelsOutput<'registerModelVersion'>> {
    const { projectId, versionId, name } = input;
    const current = await this.models.transaction(projectId, async (manager) => {
      const model = await this.models.findByName(manager, projectId, name);
      return model === null ? null : this.versions.findLatest(manager, model);
    });
    const promote = input.promote && (await this.limitExceededBy(current, input.bytes)) === undefined;
    return this.models.change(projectId, async (manager) => {
      const registered = await this.versions.findById(manager, projectId, versionId);
      if (registered !== null) return this.resultOf(manager, registered);
      if (await this.versions.isRemoved(manager, projectId, versionId))
        throw new AppError('model.version_not_found', { model: name, version: versionId });
      const known = await this.models.findByName(manager, projectId, name);
      const model = known ?? (await this.models.insert(manager, projectId, newModelId(), name));
      const number = await this.numberOf(manager, model, input.version);
      const added = await this.versions.insert(manager, newVersion(input, model, number));
      const isLatest = known === null || promote;
      const version = isLatest ? await this.versions.makeLatest(manager, added) : added;
      const action = known === null ? 'model.created' : 'model.version_created';
      const after = { ...(known === null && auditedModel(model)), version: auditedVersion(version) };
      if (input.uploader !== undefined)
        await addToAuditLog(
          manager,
          { projectId, ...input.uploader },
          { action, modelId: model.id, before: null, after },
        );
      return this.resultOf(manager, version);
    });
  }

  /** @throws {AppError} `model.not_found`, `list.unknown_cursor`, `db.unavailable`. */
  list({ projectId, modelId, ...page }: ModelsInput<'listModelVersions'>): Promise<ModelsOutput<'listModelVersions'>> {
    return this.models.transaction(projectId, async (manager) => {
      const model = await this.models.getOwn(manager, projectId, modelId);
      const { rows, hasMore } = await this.versions.list(manager, model, page);
      return { data: rows.map(versionRecordOf), hasMore };
    });
  }

  /**
   * @throws {AppError} `model.not_found`, `model.version_not_found`, `endpoint.model_too_large`, `outbox.full`, `db.unavailable`; of
   * auth.
   */
  async promote({ context, modelId, version: key }: ModelsInput<'promoteModelVersion'>): Promise<ModelVersion> {
    await this.assertServable(context.projectId, modelId, (manager, model) => this.versions.get(manager, model, key));
    return this.models.change(context.projectId, async (manager) => {
      const model = await this.models.getOwn(manager, context.projectId, modelId);
      const version = await this.versions.get(manager, model, key);
      if (version.isLatest) return versionRecordOf(version);
      const before = await this.versions.findLatest(manager, model);
      const after = await this.versions.makeLatest(manager, version);
      await auditMove(manager, context, 'model.version_promoted', before, after);
      return versionRecordOf(after);
    });
  }

  /**
   * @throws {AppError} `model.not_found`, `model.rollback_rejected`, `endpoint.model_too_large`, `outbox.full`, `db.unavailable`; of
   * auth.
   */
  async rollBack({ context, modelId, from }: ModelsInput<'rollbackModel'>): Promise<ModelVersion> {
    await this.assertServable(context.projectId, modelId, (manager, model) =>
      this.versions.findPrevious(manager, model),
    );
    return this.models.change(context.projectId, async (manager) => {
      const model = await this.models.getOwn(manager, context.projectId, modelId);
      const before = await this.versions.findLatest(manager, model);
      if (from !== undefined && from !== before?.version && from !== before?.id)
        throw new AppError(
          'model.rollback_rejected',
          { model: modelId, reason: `version '${from}' is not the latest one any more` },
          { param: 'from' },
        );
      const previous = await this.versions.findPrevious(manager, model);
      if (previous === null)
        throw new AppError('model.rollback_rejected', {
          model: modelId,
          reason: 'no version was the latest one before',
        });
      const after = await this.versions.makeLatest(manager, previous, true);
      await auditMove(manager, context, 'model.rolled_back', before, after);
      return versionRecordOf(after);
    });
  }

  /**
   * Deletes a version. With the only one, the model is deleted.
   * @returns the version as it was.
   * @throws {AppError} `model.not_found`, `model.version_not_found`, `model.version_in_use`, `outbox.full`, `db.unavailable`; as
   * `UploadedModelsService.delete`.
   */
  async delete({ context, modelId, version: key }: ModelsInput<'deleteModelVersion'>): Promise<ModelVersion> {
    const { projectId } = context;
    const deleted = await this.models.change(projectId, async (manager) => {
      const model = await this.models.getOwn(manager, projectId, modelId);
      const version = await this.versions.get(manager, model, key);
      const record = versionRecordOf(version);
      if (version.isLatest) {
        if ((await this.versions.count(manager, model)) === 1) return { record, isOnly: true };
        throw new AppError('model.version_in_use', { model: modelId, version: version.version });
      }
      await this.versions.delete(manager, version);
      await announceRemoval(manager, version);
      const before = auditedVersion(version);
      await addToAuditLog(manager, context, { action: 'model.version_deleted', modelId, before, after: null });
      return { record, isOnly: false };
    });
    if (deleted.isOnly) await this.uploadedModels.delete({ context, modelId });
    return deleted.record;
  }

  /** Before a transaction, which would be open while auth is slow. @throws {AppError} `endpoint.model_too_large`; what the search throws. */
  private async assertServable(
    projectId: string,
    modelId: string,
    find: (manager: EntityManager, model: UploadedModelEntity) => Promise<ModelVersionEntity | null>,
  ): Promise<void> {
    const [current, next] = await this.models.transaction(projectId, async (manager) => {
      const model = await this.models.getOwn(manager, projectId, modelId);
      return [await this.versions.findLatest(manager, model), await find(manager, model)] as const;
    });
    const bytes = Number(next?.bytes ?? 0);
    const bytesMax = await this.limitExceededBy(current, bytes);
    if (bytesMax !== undefined)
      throw new AppError('endpoint.model_too_large', { model: modelId, bytes, tier: TIER_FOR_UPLOADS, bytesMax });
  }

  /** The limit of the endpoints with the model, if a version of so many bytes would exceed it. The current one is within it. */
  private async limitExceededBy(current: ModelVersionEntity | null, bytes: number): Promise<number | undefined> {
    if (current === null || bytes <= Number(current.bytes)) return undefined;
    const bytesMax = await this.uses.bytesMaxOf(current.projectId, current.modelId);
    return bytesMax !== null && bytes > bytesMax ? bytesMax : undefined;
  }

  /** @throws {AppError} `model.version_exists`. */
  private async numberOf(
    manager: EntityManager,
    model: UploadedModelEntity,
    wanted: string | undefined,
  ): Promise<string> {
    const highest = await this.versions.highestNumber(manager, model);
    const number = wanted ?? (highest === undefined ? FIRST_VERSION : nextPatch(highest));
    if (number === undefined || (await this.versions.hasNumber(manager, model, number)))
      throw new AppError(
        'model.version_exists',
        { model: model.name, version: number ?? highest },
        { param: 'version' },
      );
    return number;
  }

  private async resultOf(
    manager: EntityManager,
    version: ModelVersionEntity,
  ): Promise<ModelsOutput<'registerModelVersion'>> {
    const { projectId, modelId } = version;
    const model = await this.models.getOwn(manager, projectId, modelId);
    return { model: await this.models.recordOf(manager, projectId, model), version: versionRecordOf(version) };
  }
}

function newVersion(input: Registration, model: UploadedModelEntity, version: string): NewVersion {
  const { projectId, versionId: id, versionNotes: notes = null, bytes, fileCount, facts } = input;
  const { contextLength, parameterCount, format, architecture, quantization, shape = null } = facts;
  return {
    ...{ projectId, id, modelId: model.id, version, notes, bytes: String(bytes), fileCount },
    ...{ format, architecture, quantization, shape, parameterCount: String(parameterCount) },
    contextTokens: contextLength === undefined ? null : String(contextLength),
  };
}

function auditMove(
  manager: EntityManager,
  context: Author,
  action: string,
  before: ModelVersionEntity | null,
  after: ModelVersionEntity,
): Promise<void> {
  return addToAuditLog(manager, context, {
    ...{ action, modelId: after.modelId },
    before: before === null ? null : auditedVersion(before),
    after: auditedVersion(after),
  });
}
