import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { withDbErrors } from '@xerotier/db';
import type { WrappedKey } from '@xerotier/sealing';
import { In, Not, Repository } from 'typeorm';
import { DataKeyEntity } from './data-key.entity.ts';

@Injectable()
export class DataKeysRepository {
  constructor(@InjectRepository(DataKeyEntity) private readonly keys: Repository<DataKeyEntity>) {}

  findByProject(projectId: string): Promise<DataKeyEntity | null> {
    return withDbErrors(() => this.keys.findOneBy({ projectId }));
  }

  /** Does nothing when the project already has a key. */
  async insertIfMissing(projectId: string, { masterKeyId, wrapped }: WrappedKey): Promise<void> {
    await withDbErrors(() =>
      this.keys
        .createQueryBuilder()
        .insert()
        .values({ projectId, masterKeyId, wrapped: Buffer.from(wrapped) })
        .orIgnore()
        .execute(),
    );
  }

  /** Returns the number of keys that are wrapped under none of these master keys. */
  countOthers(masterKeyIds: readonly string[]): Promise<number> {
    return withDbErrors(() => this.keys.countBy({ masterKeyId: Not(In([...masterKeyIds])) }));
  }

  /** Returns some of the keys that are wrapped under another master key. */
  listOthers(masterKeyId: string, countMax: number): Promise<DataKeyEntity[]> {
    return withDbErrors(() => this.keys.find({ where: { masterKeyId: Not(masterKeyId) }, take: countMax }));
  }

  async rewrap(projectId: string, { masterKeyId, wrapped }: WrappedKey): Promise<void> {
    await withDbErrors(() => this.keys.update({ projectId }, { masterKeyId, wrapped: Buffer.from(wrapped) }));
  }
}
