import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withEveryTenant, withTenant } from '@xerotier/db';
import type { WrappedKey } from '@xerotier/sealing';
import { DataSource, In, MoreThan, Not } from 'typeorm';
import { DataKeyEntity } from './data-key.entity.ts';

@Injectable()
export class DataKeysRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  findByProject(projectId: string): Promise<DataKeyEntity | null> {
    return withTenant(this.database, projectId, (manager) => manager.findOneBy(DataKeyEntity, { projectId }));
  }

  /** Does nothing when the project already has a key. */
  async insertIfMissing(projectId: string, { masterKeyId, wrapped }: WrappedKey): Promise<void> {
    await withTenant(this.database, projectId, (manager) =>
      manager
        .createQueryBuilder()
        .insert()
        .into(DataKeyEntity)
        .values({ projectId, masterKeyId, wrapped: Buffer.from(wrapped) })
        .orIgnore()
        .execute(),
    );
  }

  /** Returns the number of keys that are wrapped under none of these master keys. */
  countOthers(masterKeyIds: readonly string[]): Promise<number> {
    return withEveryTenant(this.database, (manager) =>
      manager.countBy(DataKeyEntity, { masterKeyId: Not(In([...masterKeyIds])) }),
    );
  }

  /** Returns some of the keys that are wrapped under another master key, by the id of the project. */
  listOthers(masterKeyId: string, after: string, countMax: number): Promise<DataKeyEntity[]> {
    return withEveryTenant(this.database, (manager) =>
      manager.find(DataKeyEntity, {
        where: { masterKeyId: Not(masterKeyId), projectId: MoreThan(after) },
        order: { projectId: 'ASC' },
        take: countMax,
      }),
    );
  }

  /** Returns whether the row still had the key that was read. */
  async rewrap({ projectId, wrapped: read }: DataKeyEntity, { masterKeyId, wrapped }: WrappedKey): Promise<boolean> {
    const { affected } = await withTenant(this.database, projectId, (manager) =>
      manager.update(DataKeyEntity, { projectId, wrapped: read }, { masterKeyId, wrapped: Buffer.from(wrapped) }),
    );
    return affected === 1;
  }
}
