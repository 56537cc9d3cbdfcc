import { Injectable } from '@nestjs/common';
import type { modelsContract, UploadedModel } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { addToAuditLog, announceRemoval, auditedModel } from './model-changes.ts';
import type { Author } from './model-changes.ts';
import { ModelUses } from './model-uses.ts';
import { ModelVersionsRepository } from './model-versions.repository.ts';
import type { UploadedModelEntity } from './uploaded-model.entity.ts';
import { UploadedModelsRepository } from './uploaded-models.repository.ts';

type Operations = typeof modelsContract.operations;
export type ModelsInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type ModelsOutput<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

/** The models of projects, and what they share. */
@Injectable()
export class UploadedModelsService {
  constructor(
    private readonly models: UploadedModelsRepository,
    private readonly versions: ModelVersionsRepository,
    private readonly uses: ModelUses,
  ) {}

  /** @throws {AppError} `model.not_found`, `db.unavailable`. */
  get({ projectId, modelId }: ModelsInput<'getCatalogueModel'>): Promise<UploadedModel> {
    return this.models.transaction(projectId, async (manager) =>
      this.models.recordOf(manager, projectId, await this.models.getVisible(manager, projectId, modelId)),
    );
  }

  /** @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  discover(query: ModelsInput<'discoverModels'>): Promise<ModelsOutput<'discoverModels'>> {
    return this.models.discover(query);
  }

  /** Changes what is present. @throws {AppError} `model.not_found`, `outbox.full`, `db.unavailable`. */
  update({ context, modelId, ...values }: ModelsInput<'updateProjectModel'>): Promise<UploadedModel> {
    const { description, license, tags, workloadTypes } = values;
    return this.change(context, modelId, 'model.updated', () => ({
      ...(description !== undefined && { description }),
      ...(license !== undefined && { license }),
      ...(tags !== undefined && { tags: [...new Set(tags)] }),
      ...(workloadTypes !== undefined && { workloadTypes: [...new Set(workloadTypes)] }),
    }));
  }

  /** Sharing a shared one changes nothing. @throws {AppError} `model.not_found`, `outbox.full`, `db.unavailable`. */
  share({ context, modelId }: ModelsInput<'shareModel'>): Promise<UploadedModel> {
    return this.change(context, modelId, 'model.shared', ({ role }) =>
      role === 'private' ? { role: 'deployable', sharedAt: new Date() } : {},
    );
  }

  /** @throws {AppError} `model.not_found`, `outbox.full`, `db.unavailable`. */
  unshare({ context, modelId }: ModelsInput<'unshareModel'>): Promise<UploadedModel> {
    return this.change(context, modelId, 'model.unshared', ({ role }) =>
      role === 'private' ? {} : { role: 'private', sharedAt: null },
    );
  }

  /**
   * Deletes a model with its versions, unless it is shared or an endpoint has it.
   * @throws {AppError} `model.not_found`, `model.in_use`, `outbox.full`, `db.unavailable`; of auth.
   */
  async delete({ context, modelId }: { context: Author; modelId: string }): Promise<void> {
    const { projectId } = context;
    await this.models.transaction(projectId, async (manager) =>
      assertPrivate(await this.models.getOwn(manager, projectId, modelId)),
    );
    // Not within a transaction, which would be open while auth is slow.
    await this.uses.assertUnused(projectId, modelId);
    await this.models.change(projectId, async (manager) => {
      const model = await this.models.getOwn(manager, projectId, modelId);
      assertPrivate(model);
      for (const version of await this.versions.all(manager, model)) {
        await this.versions.delete(manager, version);
        await announceRemoval(manager, version);
      }
      await this.models.delete(manager, model);
      const before = auditedModel(model);
      await addToAuditLog(manager, context, { action: 'model.deleted', modelId, before, after: null });
    });
  }

  /** @param valuesOf what changes; nothing is logged if it is nothing. */
  private change(
    context: Author,
    modelId: string,
    action: string,
    valuesOf: (model: UploadedModelEntity) => Parameters<UploadedModelsRepository['update']>[2],
  ): Promise<UploadedModel> {
    const { projectId } = context;
    return this.models.change(projectId, async (manager) => {
      const before = await this.models.getOwn(manager, projectId, modelId);
      const values = valuesOf(before);
      const after = await this.models.update(manager, before, values);
      if (Object.keys(values).length > 0) await this.audit(manager, context, { action, before, after });
      return this.models.recordOf(manager, projectId, after);
    });
  }

  private audit(
    manager: EntityManager,
    context: Author,
    { action, before, after }: { action: string; before: UploadedModelEntity; after: UploadedModelEntity },
  ): Promise<void> {
    const states = { before: auditedModel(before), after: auditedModel(after) };
    return addToAuditLog(manager, context, { action, modelId: before.id, ...states });
  }
}

/** @throws {AppError} `model.in_use`. */
function assertPrivate({ id, role }: UploadedModelEntity): void {
  if (role !== 'private') throw new AppError('model.in_use', { model: id, reason: 'it is shared' });
}
