import type { Model } from '@xerotier/contracts/router';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { withDbErrors } from '@xerotier/db';
import { In, Repository } from 'typeorm';
import { ModelEntity } from './model.entity.ts';

export type NewModel = Omit<Model, 'createdAt'>;

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
    return rows.map(({ createdAt, contextTokens, ...row }) => ({
      ...row,
      ...(contextTokens !== null && { contextTokens }),
      createdAt: Math.floor(createdAt.getTime() / 1_000),
    }));
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
