import type { CatalogueModel, Model, ModelSource, routerContract } from '@xerotier/contracts/router';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { withDbErrors } from '@xerotier/db';
import { In, Repository } from 'typeorm';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import type { z } from 'zod';
import { UploadedModelEntity } from '../uploaded-models/uploaded-model.entity.ts';
import { UploadedModelsRepository } from '../uploaded-models/uploaded-models.repository.ts';
import { ModelEntity } from './model.entity.ts';

export type NewModel = Omit<Model, 'createdAt'>;

export type ModelsPage = z.output<typeof routerContract.operations.listModels.input>;

function modelOf({ id, name, ownedBy, createdAt, contextTokens }: ModelEntity): Model {
  return {
    ...{ id, name, ownedBy },
    ...(contextTokens !== null && { contextTokens }),
    createdAt: Math.floor(createdAt.getTime() / 1_000),
  };
}

/** Writes omitted fields as null: an upsert must not keep old values. */
function rowOf(model: NewModel): Omit<ModelEntity, 'createdAt' | 'isUploaded'> {
  return { ...model, contextTokens: model.contextTokens ?? null };
}

/** Which models are of a source, for a project. */
const OF_SOURCE: Readonly<Record<ModelSource, string>> = {
  platform: 'NOT model.is_uploaded',
  project: 'upload.project_id = :projectId',
  shared: `upload.project_id <> :projectId AND upload.role <> 'private'`,
};

/** A page, and one row more if there are others. Without a project, only of the platform. */
function pageOf(
  manager: EntityManager,
  { source, named, after, limit, order }: Omit<ModelsPage, 'projectId'>,
  projectId?: string,
): SelectQueryBuilder<ModelEntity> {
  const query = manager.createQueryBuilder(ModelEntity, 'model').orderBy('model.id', order === 'asc' ? 'ASC' : 'DESC');
  const sources = source === undefined ? Object.values(OF_SOURCE) : [OF_SOURCE[source]];
  if (projectId === undefined) query.where(OF_SOURCE.platform);
  else
    query
      .leftJoin(UploadedModelEntity, 'upload', 'upload.id = model.id')
      .where(`(${sources.map((condition) => `(${condition})`).join(' OR ')})`, { projectId });
  if (named !== undefined) query.andWhere('(model.id = :named OR model.name = :named)', { named });
  if (after !== undefined) query.andWhere(`model.id ${order === 'asc' ? '>' : '<'} :after`, { after });
  return query.limit(limit + 1);
}

@Injectable()
export class ModelsRepository {
  constructor(
    @InjectRepository(ModelEntity) private readonly models: Repository<ModelEntity>,
    private readonly uploads: UploadedModelsRepository,
  ) {}

  /** Returns the existing models among the given ids. */
  async findByIds(ids: readonly string[]): Promise<Model[]> {
    const rows = await withDbErrors(() => this.models.findBy({ id: In([...ids]) }));
    return rows.map(modelOf);
  }

  /** Returns one page of what a project may use, or of the models of the platform, ordered by id. */
  async list({ projectId, ...page }: ModelsPage): Promise<{ data: CatalogueModel[]; hasMore: boolean }> {
    if (projectId === undefined) {
      const rows = await withDbErrors(() => pageOf(this.models.manager, page).getMany());
      return { data: rows.slice(0, page.limit).map(modelOf), hasMore: rows.length > page.limit };
    }
    return this.uploads.transaction(projectId, async (manager) => {
      const rows = await pageOf(manager, page, projectId).getMany();
      const models = rows.slice(0, page.limit);
      const uploaded = models.filter(({ isUploaded }) => isUploaded).map(({ id }) => id);
      const uploads = await manager.findBy(UploadedModelEntity, { id: In(uploaded) });
      const records = await this.uploads.recordsOf(manager, projectId, uploads);
      const byId = new Map(records.map((record) => [record.id, record]));
      const data = models.map((model) => {
        const upload = byId.get(model.id);
        return { ...modelOf(model), ...(upload !== undefined && { upload }) };
      });
      return { data, hasMore: rows.length > page.limit };
    });
  }

  /** Inserts or overwrites a model. */
  async upsert(model: NewModel): Promise<void> {
    await withDbErrors(() => this.models.upsert(rowOf(model), ['id']));
  }

  /** Inserts a model unless its id exists; of an existing one, only an unknown context size is filled in. */
  async insertIfMissing(model: NewModel): Promise<void> {
    await withDbErrors(() =>
      this.models
        .createQueryBuilder('model')
        .insert()
        .values(rowOf(model))
        .orUpdate(['context_tokens'], ['id'], { overwriteCondition: { where: '"model"."context_tokens" IS NULL' } })
        .execute(),
    );
  }
}
