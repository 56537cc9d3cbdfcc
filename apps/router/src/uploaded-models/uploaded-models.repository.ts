import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { modelsContract, UploadedModel } from '@xerotier/contracts/router';
import { keysetPage, withDbErrors, withTenant } from '@xerotier/db';
import { AppError, ensure } from '@xerotier/errors';
import { DataSource, In } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { ModelEntity } from '../models/model.entity.ts';
import { ModelVersionEntity } from './model-version.entity.ts';
import { modelRecordOf } from './uploaded-model-record.ts';
import { UploadedModelEntity } from './uploaded-model.entity.ts';

type Discovery = z.output<typeof modelsContract.operations.discoverModels.input>;

const BY_TIME = [
  { name: 'shared_at', type: 'timestamptz' },
  { name: 'id', type: 'text' },
] as const;

/** `owned_by` of all uploaded models: which project it is, is for others to know only if it says so in the name. */
const OWNER = 'project';

/**
 * Models of projects, in transactions of a project. Row-level security lets it read its own ones, and what others share; conditions say
 * which of both is meant.
 */
@Injectable()
export class UploadedModelsRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  transaction<T>(projectId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return withTenant(this.database, projectId, work);
  }

  /** As `transaction`, for changes of its models: one at a time, since each depends on what is there. */
  change<T>(projectId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.transaction(projectId, async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`models ${projectId}`]);
      return work(manager);
    });
  }

  /** One of the project. @throws {AppError} `model.not_found`. */
  async getOwn(manager: EntityManager, projectId: string, id: string): Promise<UploadedModelEntity> {
    return ensure(await manager.findOneBy(UploadedModelEntity, { projectId, id }), 'model.not_found', { model: id });
  }

  /** One that the project may use. @throws {AppError} `model.not_found`. */
  async getVisible(manager: EntityManager, projectId: string, id: string): Promise<UploadedModelEntity> {
    const [found] = await manager
      .createQueryBuilder(UploadedModelEntity, 'model')
      .where('model.id = :id', { id })
      .andWhere(`(model.project_id = :projectId OR model.role <> 'private')`, { projectId })
      .getMany();
    return ensure(found, 'model.not_found', { model: id });
  }

  findByName(manager: EntityManager, projectId: string, name: string): Promise<UploadedModelEntity | null> {
    return manager.findOneBy(UploadedModelEntity, { projectId, name });
  }

  /** Adds a private model, without a version yet, and its entry of the catalogue. */
  async insert(manager: EntityManager, projectId: string, id: string, name: string): Promise<UploadedModelEntity> {
    await manager.insert(ModelEntity, { id, name, ownedBy: OWNER, contextTokens: null, isUploaded: true });
    await manager.insert(UploadedModelEntity, { projectId, id, name });
    return manager.findOneByOrFail(UploadedModelEntity, { projectId, id });
  }

  /** @returns the model afterwards. */
  async update(
    manager: EntityManager,
    model: UploadedModelEntity,
    values: Partial<Omit<UploadedModelEntity, 'projectId' | 'id' | 'name'>>,
  ): Promise<UploadedModelEntity> {
    const { projectId, id } = model;
    if (Object.keys(values).length > 0) await manager.update(UploadedModelEntity, { projectId, id }, values);
    return manager.findOneByOrFail(UploadedModelEntity, { projectId, id });
  }

  /** Deletes a model without versions, and its entry of the catalogue. */
  async delete(manager: EntityManager, { projectId, id }: UploadedModelEntity): Promise<void> {
    await manager.delete(UploadedModelEntity, { projectId, id });
    await manager.delete(ModelEntity, { id, isUploaded: true });
  }

  /** Adds the latest version of each model, as a project sees it. */
  async recordsOf(
    manager: EntityManager,
    viewerProjectId: string,
    models: readonly UploadedModelEntity[],
  ): Promise<UploadedModel[]> {
    const modelId = In(models.map(({ id }) => id));
    const latest = await manager.findBy(ModelVersionEntity, { modelId, isLatest: true });
    const byModel = new Map(latest.map((version) => [version.modelId, version]));
    return models.flatMap((model) => {
      const version = byModel.get(model.id);
      return version === undefined ? [] : [modelRecordOf(model, version, viewerProjectId)];
    });
  }

  /** As `recordsOf`, of one. */
  async recordOf(manager: EntityManager, viewerProjectId: string, model: UploadedModelEntity): Promise<UploadedModel> {
    const [record] = await this.recordsOf(manager, viewerProjectId, [model]);
    return ensure(record, 'model.not_found', { model: model.id });
  }

  /** Models that are shared, also by the project itself. @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  discover(query: Discovery): Promise<{ data: UploadedModel[]; hasMore: boolean }> {
    const { projectId, after, limit, order, architecture = null, tag = null, text = null } = query;
    return this.transaction(projectId, (manager) =>
      withDbErrors(async () => {
        const cursor = after === undefined ? BY_TIME.map(() => null) : await sharedCursorOf(manager, after);
        const { orderBy, isAfterCursor } = keysetPage(BY_TIME, order, 5);
        const found = await manager.query<{ id: string }[]>(
          `SELECT id FROM router.uploaded_model AS model
           WHERE role <> 'private' AND ${isAfterCursor}
             AND ($2::text IS NULL OR $2 = ANY (tags || workload_types))
             AND ($3::text IS NULL OR position(lower($3) in lower(name || E'\\n' || coalesce(description, ''))) > 0)
             AND ($4::text IS NULL OR EXISTS (
               SELECT FROM router.model_version AS version WHERE version.project_id = model.project_id
                 AND version.model_id = model.id AND is_latest AND lower(architecture) = lower($4)))
           ORDER BY ${orderBy} LIMIT $1`,
          [limit + 1, tag, text, architecture, ...cursor],
        );
        const ids = found.slice(0, limit).map(({ id }) => id);
        const rows = await manager.findBy(UploadedModelEntity, { id: In(ids) });
        const byId = new Map(rows.map((row) => [row.id, row]));
        const models = ids.flatMap((id) => byId.get(id) ?? []);
        return { data: await this.recordsOf(manager, projectId, models), hasMore: found.length > limit };
      }),
    );
  }
}

/** As text, since a `Date` loses the microseconds. */
async function sharedCursorOf(manager: EntityManager, after: string): Promise<string[]> {
  const [row] = await manager.query<{ shared_at: string; id: string }[]>(
    `SELECT shared_at::text, id FROM router.uploaded_model WHERE id = $1 AND role <> 'private'`,
    [after],
  );
  if (row === undefined) throw new AppError('list.unknown_cursor', { after }, { param: 'after' });
  return [row.shared_at, row.id];
}
