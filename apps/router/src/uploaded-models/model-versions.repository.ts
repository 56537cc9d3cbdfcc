import { Injectable } from '@nestjs/common';
import { listPage } from '@xerotier/db';
import type { PageRequest } from '@xerotier/db';
import { ensure } from '@xerotier/errors';
import { IsNull, Not } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ModelEntity } from '../models/model.entity.ts';
import { ModelVersionEntity } from './model-version.entity.ts';
import { RemovedModelVersionEntity } from './removed-model-version.entity.ts';
import type { UploadedModelEntity } from './uploaded-model.entity.ts';
import { HIGHEST_FIRST } from './version-number.ts';

type ModelRef = Pick<UploadedModelEntity, 'projectId' | 'id'>;
export type NewVersion = Omit<ModelVersionEntity, 'isLatest' | 'latestAt' | 'createdAt'>;

const BY_TIME = [
  { name: 'created_at', type: 'timestamptz' },
  { name: 'id', type: 'uuid' },
] as const;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** The catalogue has an `integer`, which no context of a real model exceeds. */
const CONTEXT_TOKENS_MAX = 2_147_483_647;

/** Versions of the models of a project, in transactions of `UploadedModelsRepository`. */
@Injectable()
export class ModelVersionsRepository {
  /** Of any model of the project. */
  findById(manager: EntityManager, projectId: string, id: string): Promise<ModelVersionEntity | null> {
    return manager.findOneBy(ModelVersionEntity, { projectId, id });
  }

  /** By its number, or its id. @throws {AppError} `model.version_not_found`. */
  async get(manager: EntityManager, { projectId, id }: ModelRef, key: string): Promise<ModelVersionEntity> {
    const where = { projectId, modelId: id, ...(UUID.test(key) ? { id: key } : { version: key }) };
    const found = await manager.findOneBy(ModelVersionEntity, where);
    return ensure(found, 'model.version_not_found', { model: id, version: key });
  }

  /** Null for a new model only. */
  findLatest(manager: EntityManager, { projectId, id }: ModelRef): Promise<ModelVersionEntity | null> {
    return manager.findOneBy(ModelVersionEntity, { projectId, modelId: id, isLatest: true });
  }

  /** The one that was the latest before. */
  findPrevious(manager: EntityManager, { projectId, id }: ModelRef): Promise<ModelVersionEntity | null> {
    return manager.findOne(ModelVersionEntity, {
      where: { projectId, modelId: id, isLatest: false, latestAt: Not(IsNull()) },
      order: { latestAt: 'DESC' },
    });
  }

  async highestNumber(manager: EntityManager, { projectId, id }: ModelRef): Promise<string | undefined> {
    const [row] = await manager.query<{ version: string }[]>(
      `SELECT version FROM router.model_version WHERE project_id = $1 AND model_id = $2 ORDER BY ${HIGHEST_FIRST} LIMIT 1`,
      [projectId, id],
    );
    return row?.version;
  }

  isRemoved(manager: EntityManager, projectId: string, id: string): Promise<boolean> {
    return manager.existsBy(RemovedModelVersionEntity, { projectId, id });
  }

  hasNumber(manager: EntityManager, { projectId, id }: ModelRef, version: string): Promise<boolean> {
    return manager.existsBy(ModelVersionEntity, { projectId, modelId: id, version });
  }

  async insert(manager: EntityManager, version: NewVersion): Promise<ModelVersionEntity> {
    const { projectId, id } = version;
    await manager.insert(ModelVersionEntity, version);
    return manager.findOneByOrFail(ModelVersionEntity, { projectId, id });
  }

  /**
   * Moves the pointer to a version, which the catalogue follows.
   * @param isBack the version that is left is not returned to.
   */
  async makeLatest(manager: EntityManager, version: ModelVersionEntity, isBack = false): Promise<ModelVersionEntity> {
    const { projectId, id, modelId, contextTokens } = version;
    const left = { isLatest: false, ...(isBack && { latestAt: null }) };
    await manager.update(ModelVersionEntity, { projectId, modelId, isLatest: true }, left);
    // Of the statement, since changes of one project follow each other: `now()` is when the transaction began, before it waited.
    const now = { latestAt: () => 'clock_timestamp()' };
    await manager.update(ModelVersionEntity, { projectId, id }, { isLatest: true, ...(!isBack && now) });
    const known = contextTokens === null ? null : Math.min(Number(contextTokens), CONTEXT_TOKENS_MAX);
    await manager.update(ModelEntity, { id: modelId }, { contextTokens: known });
    return manager.findOneByOrFail(ModelVersionEntity, { projectId, id });
  }

  /** Deletes a version for good: it cannot be registered again. */
  async delete(manager: EntityManager, { projectId, id }: ModelVersionEntity): Promise<void> {
    await manager.delete(ModelVersionEntity, { projectId, id });
    await manager.insert(RemovedModelVersionEntity, { projectId, id });
  }

  all(manager: EntityManager, { projectId, id }: ModelRef): Promise<ModelVersionEntity[]> {
    return manager.findBy(ModelVersionEntity, { projectId, modelId: id });
  }

  count(manager: EntityManager, { projectId, id }: ModelRef): Promise<number> {
    return manager.countBy(ModelVersionEntity, { projectId, modelId: id });
  }

  /** By time. @throws {AppError} `list.unknown_cursor`. */
  list(
    manager: EntityManager,
    { projectId, id }: ModelRef,
    page: PageRequest,
  ): Promise<{ rows: ModelVersionEntity[]; hasMore: boolean }> {
    const options = { columns: BY_TIME, projectId, equal: { model_id: id } };
    return listPage(manager.getRepository(ModelVersionEntity), options, page);
  }
}
