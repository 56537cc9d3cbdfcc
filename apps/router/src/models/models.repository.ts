import type { Model, routerContract } from '@xerotier/contracts/router';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { withDbErrors } from '@xerotier/db';
import { In, Repository } from 'typeorm';
import type { z } from 'zod';
import { ModelEntity } from './model.entity.ts';

export type NewModel = Omit<Model, 'createdAt'>;

export type ModelsPage = z.output<typeof routerContract.operations.listModels.input>;

function modelOf({ createdAt, contextTokens, ...row }: ModelEntity): Model {
  return {
    ...row,
    ...(contextTokens !== null && { contextTokens }),
    createdAt: Math.floor(createdAt.getTime() / 1_000),
  };
}

/** Writes omitted fields as null: an upsert must not keep old values. */
function rowOf(model: NewModel): Omit<ModelEntity, 'createdAt'> {
  return { ...model, contextTokens: model.contextTokens ?? null };
}

@Injectable()
export class ModelsRepository {
  constructor(@InjectRepository(ModelEntity) private readonly models: Repository<ModelEntity>) {}

  /** Returns the existing models among the given ids. */
  async findByIds(ids: readonly string[]): Promise<Model[]> {
    const rows = await withDbErrors(() => this.models.findBy({ id: In([...ids]) }));
    return rows.map(modelOf);
  }

  /** Returns one page of the catalogue, ordered by id. */
  async list({ named, after, limit, order }: ModelsPage): Promise<{ data: Model[]; hasMore: boolean }> {
    const query = this.models.createQueryBuilder('model').orderBy('model.id', order === 'asc' ? 'ASC' : 'DESC');
    if (named !== undefined) query.andWhere('(model.id = :named OR model.name = :named)', { named });
    if (after !== undefined) query.andWhere(`model.id ${order === 'asc' ? '>' : '<'} :after`, { after });
    const rows = await withDbErrors(() => query.take(limit + 1).getMany());
    return { data: rows.slice(0, limit).map(modelOf), hasMore: rows.length > limit };
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
